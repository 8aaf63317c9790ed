package dev.baton.engine.model;

/**
 * How a model stretches its rotary frequencies beyond the context it was first trained with.
 * Divisors stored as the tensor {@code rope_freqs.weight} apply on top of any of these.
 */
public sealed interface RopeScaling {

  /** Angular frequency of a pair, in radians a position, from the unscaled one. */
  double scale(double frequency);

  /** Frequencies as trained. */
  record None() implements RopeScaling {
    @Override
    public double scale(double frequency) {
      return frequency;
    }
  }

  /** All frequencies divided by one factor (position interpolation, arXiv:2306.15595). */
  record Linear(double factor) implements RopeScaling {
    public Linear {
      requirePositive("rope.scaling.factor", factor);
    }

    @Override
    public double scale(double frequency) {
      return frequency / factor;
    }
  }

  /**
   * Low frequencies divided, high ones kept, those between blended (Llama 3.1).
   *
   * @param factor divisor of low frequencies
   * @param lowFrequencyFactor wavelengths over originalContext / this are divided
   * @param highFrequencyFactor wavelengths under originalContext / this are kept
   * @param originalContext tokens of the first training
   */
  record Llama3(
      double factor, double lowFrequencyFactor, double highFrequencyFactor, double originalContext)
      implements RopeScaling {
    public Llama3 {
      requirePositive("rope.scaling.factor", factor);
      requirePositive("rope.scaling.low_freq_factor", lowFrequencyFactor);
      requirePositive("rope.scaling.original_context_length", originalContext);
      requirePositive(
          "rope.scaling.high_freq_factor minus low_freq_factor",
          highFrequencyFactor - lowFrequencyFactor);
    }

    @Override
    public double scale(double frequency) {
      double turns = originalContext * frequency / (2 * Math.PI);
      double kept = (turns - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor);
      double share = Math.clamp(kept, 0.0, 1.0);
      return frequency * (share + (1 - share) / factor);
    }
  }

  private static void requirePositive(String name, double value) {
    if (!(value > 0 && Double.isFinite(value))) {
      throw new IllegalArgumentException(name + " must be positive, found " + value);
    }
  }
}
