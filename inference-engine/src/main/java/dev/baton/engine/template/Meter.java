package dev.baton.engine.template;

import java.util.function.Supplier;

/**
 * Bounds what one rendering may do. A template comes with a model file, so that it is as trusted as
 * a download: it must not hang the server or fill its memory.
 *
 * <p>Work is counted in units, not in time, so that the same rendering ends the same way on every
 * machine: one for each evaluated node and each list element, one for {@value #CHARACTERS_PER_UNIT}
 * characters made. {@value #MAX_UNITS} units are about a second. The meter travels with the thread,
 * because equality and string building far below the interpreter have to count as well.
 */
final class Meter {
  static final long MAX_UNITS = 16_000_000;
  static final int CHARACTERS_PER_UNIT = 16;
  static final int MAX_TEXT_LENGTH = 8_000_000;
  static final int MAX_ITEMS = 1_000_000;
  static final int MAX_DEPTH = 500;

  private static final ScopedValue<Meter> CURRENT = ScopedValue.newInstance();

  private long left = MAX_UNITS;

  private Meter() {}

  /** Runs a rendering under a meter of its own. */
  static <T> T measured(Supplier<T> rendering) {
    return ScopedValue.where(CURRENT, new Meter()).call(rendering::get);
  }

  static void charge(long units) {
    if (CURRENT.isBound()) {
      Meter meter = CURRENT.get();
      meter.left -= units;
      if (meter.left < 0) {
        throw TemplateFailure.of("rendering takes more than " + MAX_UNITS + " steps");
      }
    }
  }

  static void chargeText(int length) {
    charge(1 + length / CHARACTERS_PER_UNIT);
  }

  static void checkLength(long length) {
    if (length > MAX_TEXT_LENGTH) {
      throw TemplateFailure.of("a text grows beyond " + MAX_TEXT_LENGTH + " characters");
    }
  }

  static void chargeItems(long count) {
    if (count > MAX_ITEMS) {
      throw TemplateFailure.of("a list grows beyond " + MAX_ITEMS + " elements");
    }
    charge(1 + count);
  }

  /** Fails where values or calls nest deeper than any sensible template's. */
  static int deeper(int depth) {
    if (depth >= MAX_DEPTH) {
      throw TemplateFailure.of("nested deeper than " + MAX_DEPTH + " levels");
    }
    return depth + 1;
  }
}
