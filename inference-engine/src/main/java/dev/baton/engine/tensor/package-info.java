/** Tensors, their storage types, and the scalar reading of every block format. */
@NullMarked
package dev.baton.engine.tensor;

import org.jspecify.annotations.NullMarked;
