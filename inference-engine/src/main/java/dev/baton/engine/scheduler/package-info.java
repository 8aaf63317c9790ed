/** Continuous batching: which tokens of which sequences one step computes. */
@NullMarked
package dev.baton.engine.scheduler;

import org.jspecify.annotations.NullMarked;
