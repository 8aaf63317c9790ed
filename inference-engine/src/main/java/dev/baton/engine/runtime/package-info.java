/** The engine in this process: its thread, its commands, its loop. */
@NullMarked
package dev.baton.engine.runtime;

import org.jspecify.annotations.NullMarked;
