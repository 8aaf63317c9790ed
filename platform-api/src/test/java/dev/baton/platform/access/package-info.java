@NullMarked
package dev.baton.platform.access;

import org.jspecify.annotations.NullMarked;
