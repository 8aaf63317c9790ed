package dev.baton.engine.backend.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The exponential function on vectors of f32.
 *
 * <p>{@code exp(x) = 2^n exp(r)} with {@code n = round(x / ln 2)} and {@code |r| ≤ ln 2 / 2}, r by
 * two-step (Cody–Waite) reduction, {@code exp(r) = 1 + r + r² g(r)} with g of degree four through
 * the Chebyshev nodes of that interval (relative error of the polynomial 1.1e-8). With the rounding
 * of f32 the result is within 2 ulp, that is a relative error below 2.4e-7, for results in the
 * normal range. Below {@link #LOWEST} it is exactly 0, above {@link #HIGHEST} it stays at about
 * 2.4e38, so that no infinity arises.
 */
final class VectorExp {
  /** exp of this is the least normal f32. */
  static final float LOWEST = -87.33f;

  static final float HIGHEST = 88.37f;

  private static final float LOG2_E = 1.44269504f;
  private static final float LN2_HIGH = 0.693359375f; // few bits, so that n times it is exact
  private static final float LN2_LOW = -2.12194440e-4f;

  /** Adding it rounds to an integer, which then stands in the low bits: 1.5 · 2^23. */
  private static final float ROUNDER = 12582912f;

  private static final float G0 = 0.5f;
  private static final float G1 = 0.16666576f;
  private static final float G2 = 0.041666556f;
  private static final float G3 = 0.008363203f;
  private static final float G4 = 0.0013926213f;

  private VectorExp() {}

  static FloatVector exp(FloatVector x) {
    FloatVector bounded = x.max(LOWEST).min(HIGHEST);
    FloatVector rounded =
        bounded.fma(
            FloatVector.broadcast(Lanes.SPECIES, LOG2_E),
            FloatVector.broadcast(Lanes.SPECIES, ROUNDER));
    FloatVector n = rounded.sub(ROUNDER);
    FloatVector r =
        n.fma(
            FloatVector.broadcast(Lanes.SPECIES, -LN2_LOW),
            n.fma(FloatVector.broadcast(Lanes.SPECIES, -LN2_HIGH), bounded));
    FloatVector g = FloatVector.broadcast(Lanes.SPECIES, G4);
    g = g.fma(r, FloatVector.broadcast(Lanes.SPECIES, G3));
    g = g.fma(r, FloatVector.broadcast(Lanes.SPECIES, G2));
    g = g.fma(r, FloatVector.broadcast(Lanes.SPECIES, G1));
    g = g.fma(r, FloatVector.broadcast(Lanes.SPECIES, G0));
    FloatVector power = g.fma(r.mul(r), r).add(1f);
    // The low bits of `rounded` are n; shifted into the exponent field they multiply by 2^n.
    IntVector exponent = rounded.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
    FloatVector scaled = power.reinterpretAsInts().add(exponent).reinterpretAsFloats();
    return scaled.blend(0f, x.lt(LOWEST));
  }
}
