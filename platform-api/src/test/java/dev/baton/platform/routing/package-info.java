@NullMarked
package dev.baton.platform.routing;

import org.jspecify.annotations.NullMarked;
