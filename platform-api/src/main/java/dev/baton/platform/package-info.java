@NullMarked
package dev.baton.platform;

import org.jspecify.annotations.NullMarked;
