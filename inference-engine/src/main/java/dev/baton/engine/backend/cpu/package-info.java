/** The CPU backend: kernels in C, or with the Vector API, over all cores. */
@NullMarked
package dev.baton.engine.backend.cpu;

import org.jspecify.annotations.NullMarked;
