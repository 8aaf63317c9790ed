/** Attention states and their merge, the relay cost model. */
@NullMarked
package dev.baton.engine.attention;

import org.jspecify.annotations.NullMarked;
