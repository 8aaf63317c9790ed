/** Text to token ids and back, as the model file describes it. */
@NullMarked
package dev.baton.engine.tokenizer;

import org.jspecify.annotations.NullMarked;
