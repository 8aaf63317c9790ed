package dev.baton.engine.template;

import dev.baton.engine.template.Value.Dict;
import dev.baton.engine.template.Value.Int;
import dev.baton.engine.template.Value.Items;
import dev.baton.engine.template.Value.Kind;
import dev.baton.engine.template.Value.Real;
import dev.baton.engine.template.Value.Undefined;
import java.util.ArrayList;
import java.util.List;

/** Python's arithmetic, comparison and membership. */
final class Operators {
  private Operators() {}

  static Value add(Value a, Value b) {
    if (Numbers.isWhole(a) && Numbers.isWhole(b)) {
      return new Int(exact(() -> Math.addExact(Numbers.whole(a), Numbers.whole(b))));
    }
    if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
      return new Real(Numbers.real(a) + Numbers.real(b));
    }
    if (a instanceof Text left && b instanceof Text right) {
      return left.plus(right);
    }
    if (a instanceof Items left && b instanceof Items right && left.kind() == right.kind()) {
      if (left.kind() == Kind.LIST || left.kind() == Kind.TUPLE) {
        Meter.chargeItems((long) left.values().size() + right.values().size());
        List<Value> joined = new ArrayList<>(left.values());
        joined.addAll(right.values());
        return new Items(left.kind(), joined);
      }
    }
    throw mismatch("+", a, b);
  }

  static Value subtract(Value a, Value b) {
    if (Numbers.isWhole(a) && Numbers.isWhole(b)) {
      return new Int(exact(() -> Math.subtractExact(Numbers.whole(a), Numbers.whole(b))));
    }
    requireNumbers("-", a, b);
    return new Real(Numbers.real(a) - Numbers.real(b));
  }

  static Value multiply(Value a, Value b) {
    if (Numbers.isWhole(a) && Numbers.isWhole(b)) {
      return new Int(exact(() -> Math.multiplyExact(Numbers.whole(a), Numbers.whole(b))));
    }
    if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
      return new Real(Numbers.real(a) * Numbers.real(b));
    }
    if (Numbers.isWhole(a)) {
      return repeat(b, Numbers.whole(a), a);
    }
    if (Numbers.isWhole(b)) {
      return repeat(a, Numbers.whole(b), b);
    }
    throw mismatch("*", a, b);
  }

  private static Value repeat(Value value, long wanted, Value number) {
    long times = Math.clamp(wanted, 0, Meter.MAX_TEXT_LENGTH + 1);
    if (value instanceof Text text) {
      Meter.checkLength(times * text.length());
      Text.Builder out = new Text.Builder();
      for (long i = 0; i < times && !text.isEmpty(); i++) {
        out.append(text);
      }
      return out.build();
    }
    if (value instanceof Items items && (items.kind() == Kind.LIST || items.kind() == Kind.TUPLE)) {
      Meter.chargeItems(times * items.values().size());
      List<Value> out = new ArrayList<>();
      for (long i = 0; i < times && !items.values().isEmpty(); i++) {
        out.addAll(items.values());
      }
      return new Items(items.kind(), out);
    }
    throw mismatch("*", value, number);
  }

  static Value divide(Value a, Value b) {
    requireNumbers("/", a, b);
    requireNonZero(b);
    return new Real(Numbers.real(a) / Numbers.real(b));
  }

  static Value floorDivide(Value a, Value b) {
    requireNumbers("//", a, b);
    requireNonZero(b);
    if (Numbers.isWhole(a) && Numbers.isWhole(b)) {
      return new Int(Math.floorDiv(Numbers.whole(a), Numbers.whole(b)));
    }
    return new Real(Math.floor(Numbers.real(a) / Numbers.real(b)));
  }

  static Value modulo(Value a, Value b) {
    if (a instanceof Text format) {
      return Formatting.percent(format, b);
    }
    requireNumbers("%", a, b);
    requireNonZero(b);
    if (Numbers.isWhole(a) && Numbers.isWhole(b)) {
      return new Int(Math.floorMod(Numbers.whole(a), Numbers.whole(b)));
    }
    double divisor = Numbers.real(b);
    double remainder = Numbers.real(a) % divisor;
    return new Real(
        remainder != 0 && remainder < 0 != divisor < 0 ? remainder + divisor : remainder);
  }

  static Value power(Value a, Value b) {
    requireNumbers("**", a, b);
    if (Numbers.isWhole(a) && Numbers.isWhole(b) && Numbers.whole(b) >= 0) {
      long exponent = Numbers.whole(b);
      long base = Numbers.whole(a);
      if (exponent > 63 && base != 0 && Math.abs(base) != 1) {
        throw overflow();
      }
      if (exponent > 63) {
        exponent = 2 + exponent % 2;
      }
      long result = 1;
      for (long i = 0; i < exponent; i++) {
        long factor = result;
        result = exact(() -> Math.multiplyExact(factor, base));
      }
      return new Int(result);
    }
    return new Real(Math.pow(Numbers.real(a), Numbers.real(b)));
  }

  static Value negate(Value a) {
    if (Numbers.isWhole(a)) {
      return new Int(exact(() -> Math.negateExact(Numbers.whole(a))));
    }
    if (a instanceof Real number) {
      return new Real(-number.value());
    }
    throw unary("-", a);
  }

  static Value plus(Value a) {
    if (Numbers.isWhole(a)) {
      return new Int(Numbers.whole(a));
    }
    if (a instanceof Real) {
      return a;
    }
    throw unary("+", a);
  }

  static boolean contains(Value container, Value element) {
    return switch (container) {
      case Text text -> {
        if (!(element instanceof Text part)) {
          throw TemplateFailure.of("'in' a string needs a string, not " + Python.typeName(element));
        }
        Meter.chargeText(text.length());
        yield text.value().contains(part.value());
      }
      case Dict dict -> dict.entries().containsKey(element);
      case Items items -> {
        Meter.charge(items.values().size());
        yield items.values().contains(element);
      }
      case Undefined undefined -> false;
      default ->
          throw TemplateFailure.of(
              "'in' needs something to search, not " + Python.typeName(container));
    };
  }

  /** Python's ordering; values that have none fail. */
  static int compare(String operator, Value a, Value b) {
    if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
      return Numbers.compare(a, b);
    }
    if (a instanceof Text left && b instanceof Text right) {
      Meter.chargeText(Math.min(left.length(), right.length()));
      return Strings.compareCodePoints(left.value(), right.value());
    }
    if (a instanceof Items left
        && b instanceof Items right
        && left.kind() == right.kind()
        && left.kind() != Kind.ITERATOR) {
      int common = Math.min(left.values().size(), right.values().size());
      Meter.charge(common);
      for (int i = 0; i < common; i++) {
        Value x = left.values().get(i);
        Value y = right.values().get(i);
        if (!x.equals(y)) {
          return compare(operator, x, y);
        }
      }
      return Integer.compare(left.values().size(), right.values().size());
    }
    throw mismatch(operator, a, b);
  }

  private static void requireNumbers(String operator, Value a, Value b) {
    if (!Numbers.isNumber(a) || !Numbers.isNumber(b)) {
      throw mismatch(operator, a, b);
    }
  }

  private static void requireNonZero(Value b) {
    if (Numbers.real(b) == 0) {
      throw TemplateFailure.of("division by zero");
    }
  }

  private static TemplateFailure mismatch(String operator, Value a, Value b) {
    if (a instanceof Undefined undefined) {
      return undefined.failure();
    }
    if (b instanceof Undefined undefined) {
      return undefined.failure();
    }
    return TemplateFailure.of(
        "'%s' does not go between %s and %s"
            .formatted(operator, Python.typeName(a), Python.typeName(b)));
  }

  private static TemplateFailure unary(String operator, Value a) {
    return a instanceof Undefined undefined
        ? undefined.failure()
        : TemplateFailure.of("'%s' does not go before %s".formatted(operator, Python.typeName(a)));
  }

  private static TemplateFailure overflow() {
    return TemplateFailure.of("a whole number grows beyond 64 bits");
  }

  private static long exact(java.util.function.LongSupplier sum) {
    try {
      return sum.getAsLong();
    } catch (ArithmeticException e) {
      throw overflow();
    }
  }
}
