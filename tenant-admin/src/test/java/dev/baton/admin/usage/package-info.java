@NullMarked
package dev.baton.admin.usage;

import org.jspecify.annotations.NullMarked;
