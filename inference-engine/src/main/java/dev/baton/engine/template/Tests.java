package dev.baton.engine.template;

import dev.baton.engine.template.Value.Bool;
import dev.baton.engine.template.Value.Dict;
import dev.baton.engine.template.Value.Function;
import dev.baton.engine.template.Value.Int;
import dev.baton.engine.template.Value.Items;
import dev.baton.engine.template.Value.Kind;
import dev.baton.engine.template.Value.None;
import dev.baton.engine.template.Value.Real;
import dev.baton.engine.template.Value.Undefined;
import java.util.Set;

/** Jinja's tests, what stands after {@code is}. */
final class Tests {
  static final Set<String> NAMES =
      Set.of(
          "defined",
          "undefined",
          "none",
          "boolean",
          "true",
          "false",
          "string",
          "number",
          "integer",
          "float",
          "mapping",
          "sequence",
          "iterable",
          "callable",
          "odd",
          "even",
          "divisibleby",
          "upper",
          "lower",
          "in",
          "eq",
          "equalto",
          "ne",
          "lt",
          "lessthan",
          "le",
          "gt",
          "greaterthan",
          "ge",
          "sameas",
          "==",
          "!=",
          "<",
          "<=",
          ">",
          ">=",
          "filter",
          "test");

  private Tests() {}

  static boolean apply(String test, Value value, Arguments arguments) {
    return switch (test) {
      case "defined" -> !(value instanceof Undefined);
      case "undefined" -> value instanceof Undefined;
      case "none" -> value == None.NONE;
      case "boolean" -> value instanceof Bool;
      case "true" -> value instanceof Bool bool && bool.value();
      case "false" -> value instanceof Bool bool && !bool.value();
      case "string" -> value instanceof Text;
      case "number" -> Numbers.isNumber(value);
      case "integer" -> value instanceof Int;
      case "float" -> value instanceof Real;
      case "mapping" -> value instanceof Dict;
      case "sequence" ->
          value instanceof Text
              || value instanceof Dict
              || value instanceof Undefined
              || (value instanceof Items items
                  && (items.kind() == Kind.LIST || items.kind() == Kind.TUPLE));
      case "iterable" ->
          value instanceof Text
              || value instanceof Dict
              || value instanceof Undefined
              || value instanceof Items;
      case "callable" -> value instanceof Function;
      case "odd" -> Operators.modulo(value, new Int(2)).equals(new Int(1));
      case "even" -> Operators.modulo(value, new Int(2)).equals(new Int(0));
      case "divisibleby" ->
          Operators.modulo(value, arguments.require(0, "num", test)).equals(new Int(0));
      case "upper" -> Python.truth(stringMethod(value, "isupper"));
      case "lower" -> Python.truth(stringMethod(value, "islower"));
      case "in" -> Operators.contains(arguments.require(0, "seq", test), value);
      case "eq", "equalto", "==" -> value.equals(other(arguments, test));
      case "ne", "!=" -> !value.equals(other(arguments, test));
      case "lt", "lessthan", "<" -> Operators.compare("<", value, other(arguments, test)) < 0;
      case "le", "<=" -> Operators.compare("<=", value, other(arguments, test)) <= 0;
      case "gt", "greaterthan", ">" -> Operators.compare(">", value, other(arguments, test)) > 0;
      case "ge", ">=" -> Operators.compare(">=", value, other(arguments, test)) >= 0;
      case "sameas" -> same(value, other(arguments, test));
      case "filter" -> value instanceof Text name && Filters.NAMES.contains(name.value());
      case "test" -> value instanceof Text name && NAMES.contains(name.value());
      default -> throw TemplateFailure.of("the test '" + test + "' is not supported");
    };
  }

  private static Value other(Arguments arguments, String test) {
    return arguments.require(0, "other", test);
  }

  private static Value stringMethod(Value value, String name) {
    return ((Function) Access.attribute(Python.text(value), name)).call(Arguments.NONE);
  }

  /** Python's {@code is}, which for its singletons means the same type and value. */
  private static boolean same(Value value, Value other) {
    return value == other || (value.getClass() == other.getClass() && value.equals(other));
  }
}
