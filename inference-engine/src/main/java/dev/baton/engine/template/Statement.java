package dev.baton.engine.template;

import dev.baton.engine.template.Expression.Passed;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a template does. */
sealed interface Statement {

  /** Literal text between tags. */
  record Data(Text text) implements Statement {}

  record Print(Expression value) implements Statement {}

  record If(List<Branch> branches, List<Statement> otherwise) implements Statement {
    /** One {@code if} or {@code elif}. */
    record Branch(Expression condition, List<Statement> body) {}
  }

  record For(
      Target target,
      Expression iterable,
      @Nullable Expression condition,
      List<Statement> body,
      List<Statement> otherwise,
      int line)
      implements Statement {}

  record Break() implements Statement {}

  record Continue() implements Statement {}

  record Set(Target target, Expression value, int line) implements Statement {}

  /** {@code {% set x %} … {% endset %}}, perhaps through filters. */
  record SetBlock(Target target, List<Applied> filters, List<Statement> body, int line)
      implements Statement {}

  record FilterBlock(List<Applied> filters, List<Statement> body, int line) implements Statement {}

  /** A scope of its own: {@code with}, and {@code generation}, which only marks. */
  record Scoped(List<Set> assignments, List<Statement> body) implements Statement {}

  record Macro(String name, List<Parameter> parameters, List<Statement> body, int line)
      implements Statement {}

  /** {@code {% call f() %} … {% endcall %}}: the body becomes {@code caller}. */
  record CallBlock(Expression.Call call, Macro caller) implements Statement {}

  /** A filter with its arguments, applied to a block's text. */
  record Applied(String filter, Passed passed) {}

  /** A macro's parameter. */
  record Parameter(String name, @Nullable Expression otherwise) {}

  /** What an assignment binds. */
  sealed interface Target {}

  record NameTarget(String name) implements Target {}

  record AttributeTarget(String namespace, String attribute) implements Target {}

  record TupleTarget(List<Target> targets) implements Target {}
}
