package dev.baton.engine.template;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What has a value. Each node knows the line it stands on. */
sealed interface Expression {
  int line();

  record Literal(Value value, int line) implements Expression {}

  record Name(String name, int line) implements Expression {}

  record Attribute(Expression object, String name, int line) implements Expression {}

  record Item(Expression object, Expression key, int line) implements Expression {}

  record Slice(
      Expression object,
      @Nullable Expression start,
      @Nullable Expression stop,
      @Nullable Expression step,
      int line)
      implements Expression {}

  record Call(Expression callee, Passed passed, int line) implements Expression {}

  record Filtered(Expression value, String filter, Passed passed, int line) implements Expression {}

  record Tested(Expression value, String test, Passed passed, boolean negated, int line)
      implements Expression {}

  record Unary(Operator operator, Expression operand, int line) implements Expression {}

  record Binary(Operator operator, Expression left, Expression right, int line)
      implements Expression {}

  /** {@code a < b <= c}: each neighbours' pair must hold. */
  record Comparison(Expression first, List<Step> steps, int line) implements Expression {
    /** An operator and what stands to its right. */
    record Step(Operator operator, Expression right) {}
  }

  /** {@code a ~ b ~ c}: all as strings. */
  record Concatenation(List<Expression> parts, int line) implements Expression {}

  record Conditional(
      Expression condition, Expression then, @Nullable Expression otherwise, int line)
      implements Expression {}

  record ListLiteral(List<Expression> values, int line) implements Expression {}

  record TupleLiteral(List<Expression> values, int line) implements Expression {}

  record DictLiteral(List<Entry> entries, int line) implements Expression {
    /** A key and its value. */
    record Entry(Expression key, Expression value) {}
  }

  /** Arguments as written: by position, then by name. */
  record Passed(List<Expression> positional, Map<String, Expression> named) {
    static final Passed NOTHING = new Passed(List.of(), Map.of());
  }

  /** Operators of expressions, with the symbol that errors name. */
  enum Operator {
    ADD("+"),
    SUBTRACT("-"),
    MULTIPLY("*"),
    DIVIDE("/"),
    FLOOR_DIVIDE("//"),
    MODULO("%"),
    POWER("**"),
    AND("and"),
    OR("or"),
    NOT("not"),
    EQUAL("=="),
    NOT_EQUAL("!="),
    LESS("<"),
    LESS_OR_EQUAL("<="),
    GREATER(">"),
    GREATER_OR_EQUAL(">="),
    IN("in"),
    NOT_IN("not in");

    private final String symbol;

    Operator(String symbol) {
      this.symbol = symbol;
    }

    String symbol() {
      return symbol;
    }
  }
}
