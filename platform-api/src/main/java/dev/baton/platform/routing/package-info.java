/** The way to the engine that answers: limits of time, places and failures around its door. */
@NullMarked
package dev.baton.platform.routing;

import org.jspecify.annotations.NullMarked;
