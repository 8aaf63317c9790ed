/**
 * {@code baton bench}: measures operators and the forward pass, beside what the machine can do at
 * most.
 */
@NullMarked
package dev.baton.engine.bench;

import org.jspecify.annotations.NullMarked;
