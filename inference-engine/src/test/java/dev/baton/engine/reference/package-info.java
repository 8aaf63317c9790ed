/**
 * The judge of every fast path: the forward pass in double precision, read from the formats and
 * papers, sharing no arithmetic with what it judges.
 */
@NullMarked
package dev.baton.engine.reference;

import org.jspecify.annotations.NullMarked;
