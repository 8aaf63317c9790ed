/** What computes a step: the contract that every device fulfils. */
@NullMarked
package dev.baton.engine.backend;

import org.jspecify.annotations.NullMarked;
