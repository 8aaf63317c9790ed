/**
 * The public door of the engine: {@link dev.baton.engine.Engine}, its requests, events and errors.
 */
@NullMarked
package dev.baton.engine;

import org.jspecify.annotations.NullMarked;
