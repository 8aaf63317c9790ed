@NullMarked
package dev.baton.admin.settings;

import org.jspecify.annotations.NullMarked;
