@NullMarked
package dev.baton.admin.storage;

import org.jspecify.annotations.NullMarked;
