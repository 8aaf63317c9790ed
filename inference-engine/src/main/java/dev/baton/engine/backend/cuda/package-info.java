/** The transformer on an NVIDIA GPU, over {@code dev.baton.cuda}. */
@NullMarked
package dev.baton.engine.backend.cuda;

import org.jspecify.annotations.NullMarked;
