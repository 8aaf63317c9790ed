/** The CPU backend: Vector API kernels over all cores. */
@NullMarked
package dev.baton.engine.backend.cpu;

import org.jspecify.annotations.NullMarked;
