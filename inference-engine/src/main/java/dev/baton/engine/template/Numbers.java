package dev.baton.engine.template;

import dev.baton.engine.template.Value.Bool;
import dev.baton.engine.template.Value.Int;
import dev.baton.engine.template.Value.Real;
import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;

/** Python's numbers: bool is a number, ints and floats mix, floats print shortest. */
final class Numbers {
  private Numbers() {}

  static boolean isNumber(@Nullable Object value) {
    return value instanceof Int || value instanceof Real || value instanceof Bool;
  }

  /** Whether a value is an int or a bool. */
  static boolean isWhole(Value value) {
    return value instanceof Int || value instanceof Bool;
  }

  static long whole(Value value) {
    return switch (value) {
      case Int number -> number.value();
      case Bool bool -> bool.value() ? 1 : 0;
      default -> throw new IllegalArgumentException("expected a whole number");
    };
  }

  static double real(Value value) {
    return value instanceof Real number ? number.value() : whole(value);
  }

  static boolean equal(Value a, @Nullable Object b) {
    if (!(b instanceof Value other) || !isNumber(b)) {
      return false;
    }
    return compare(a, other) == 0 && !Double.isNaN(real(a)) && !Double.isNaN(real(other));
  }

  /** Negative, zero or positive; exact for two whole numbers. */
  static int compare(Value a, Value b) {
    if (isWhole(a) && isWhole(b)) {
      return Long.compare(whole(a), whole(b));
    }
    double x = real(a);
    double y = real(b);
    return x < y ? -1 : x > y ? 1 : 0;
  }

  /** Equal for equal numbers, whatever their type. */
  static int hash(double value) {
    return Double.hashCode(value == 0 ? 0.0 : value);
  }

  /** Python's {@code repr} of a float: shortest digits, an exponent outside 1e-4 to 1e16. */
  static String repr(double value) {
    if (Double.isNaN(value)) {
      return "nan";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "inf" : "-inf";
    }
    if (value == 0) {
      return 1 / value < 0 ? "-0.0" : "0.0";
    }
    BigDecimal decimal = new BigDecimal(Double.toString(Math.abs(value))).stripTrailingZeros();
    String digits = decimal.unscaledValue().toString();
    int exponent = digits.length() - decimal.scale() - 1;
    StringBuilder out = new StringBuilder(value < 0 ? "-" : "");
    if (exponent >= -4 && exponent < 16) {
      String plain = decimal.toPlainString();
      out.append(plain);
      if (plain.indexOf('.') < 0) {
        out.append(".0");
      }
      return out.toString();
    }
    out.append(digits.charAt(0));
    if (digits.length() > 1) {
      out.append('.').append(digits, 1, digits.length());
    }
    int magnitude = Math.abs(exponent);
    return out.append('e')
        .append(exponent < 0 ? '-' : '+')
        .append(magnitude < 10 ? "0" : "")
        .append(magnitude)
        .toString();
  }
}
