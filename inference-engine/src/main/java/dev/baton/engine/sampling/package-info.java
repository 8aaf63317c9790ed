/** From logits to the next token. */
@NullMarked
package dev.baton.engine.sampling;

import org.jspecify.annotations.NullMarked;
