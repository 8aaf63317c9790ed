package dev.baton.engine.template;

import dev.baton.engine.template.Expression.Operator;
import dev.baton.engine.template.Expression.Passed;
import dev.baton.engine.template.Statement.Applied;
import dev.baton.engine.template.Statement.Target;
import dev.baton.engine.template.Value.Bool;
import dev.baton.engine.template.Value.Dict;
import dev.baton.engine.template.Value.Function;
import dev.baton.engine.template.Value.Items;
import dev.baton.engine.template.Value.Kind;
import dev.baton.engine.template.Value.Namespace;
import dev.baton.engine.template.Value.Undefined;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Runs one rendering: walks the statements, evaluates expressions, collects the text. */
final class Interpreter {
  /** How a run of statements ended. */
  private enum Flow {
    NEXT,
    BREAK,
    CONTINUE
  }

  private Scope scope;
  private Text.Builder out = new Text.Builder();
  private int line = 1;
  private int depth;

  Interpreter(Scope scope) {
    this.scope = scope;
  }

  /** The line being rendered, for errors. */
  int line() {
    return line;
  }

  Text render(List<Statement> statements) {
    run(statements);
    return out.build();
  }

  private Flow run(List<Statement> statements) {
    depth = Meter.deeper(depth);
    for (Statement statement : statements) {
      Meter.charge(1);
      Flow flow = run(statement);
      if (flow != Flow.NEXT) {
        depth--;
        return flow;
      }
    }
    depth--;
    return Flow.NEXT;
  }

  private Flow run(Statement statement) {
    switch (statement) {
      case Statement.Data data -> out.append(data.text());
      case Statement.Print print -> out.append(Python.text(evaluate(print.value())));
      case Statement.If choice -> {
        return run(chosen(choice));
      }
      case Statement.For loop -> loop(loop);
      case Statement.Break ignored -> {
        return Flow.BREAK;
      }
      case Statement.Continue ignored -> {
        return Flow.CONTINUE;
      }
      case Statement.Set set -> assign(set.target(), evaluate(set.value()));
      case Statement.SetBlock block ->
          assign(block.target(), filtered(captured(block.body()), block.filters()));
      case Statement.FilterBlock block ->
          out.append(Python.text(filtered(captured(block.body()), block.filters())));
      case Statement.Scoped scoped -> {
        Scope around = scope;
        Scope inner = new Scope(around);
        for (Statement.Set set : scoped.assignments()) {
          Value value = evaluate(set.value());
          scope = inner;
          assign(set.target(), value);
          scope = around;
        }
        scope = inner;
        Flow flow = run(scoped.body());
        scope = around;
        return flow;
      }
      case Statement.Macro macro -> scope.set(macro.name(), function(macro, scope));
      case Statement.CallBlock block -> {
        Value callee = evaluate(block.call().callee());
        Arguments given = arguments(block.call().passed());
        Map<String, Value> named = new LinkedHashMap<>(given.named());
        named.put("caller", function(block.caller(), scope));
        line = block.call().line();
        out.append(Python.text(call(callee, new Arguments(given.positional(), named))));
      }
    }
    return Flow.NEXT;
  }

  private List<Statement> chosen(Statement.If choice) {
    for (Statement.If.Branch branch : choice.branches()) {
      if (Python.truth(evaluate(branch.condition()))) {
        return branch.body();
      }
    }
    return choice.otherwise();
  }

  private void loop(Statement.For loop) {
    Scope around = scope;
    Value iterable = evaluate(loop.iterable());
    line = loop.line();
    List<Value> values = Python.iterate(iterable);
    Expression condition = loop.condition();
    if (condition != null) {
      List<Value> kept = new ArrayList<>();
      for (Value value : values) {
        Meter.charge(1);
        scope = new Scope(around);
        assign(loop.target(), value);
        if (Python.truth(evaluate(condition))) {
          kept.add(value);
        }
      }
      values = kept;
    }
    LoopState state = new LoopState(values);
    for (int i = 0; i < values.size(); i++) {
      Meter.charge(1);
      state.moveTo(i);
      scope = new Scope(around);
      line = loop.line();
      assign(loop.target(), values.get(i));
      scope.set("loop", state);
      if (run(loop.body()) == Flow.BREAK) {
        break;
      }
    }
    scope = around;
    if (values.isEmpty()) {
      scope = new Scope(around);
      run(loop.otherwise());
      scope = around;
    }
  }

  private Text captured(List<Statement> body) {
    Text.Builder outer = out;
    Scope around = scope;
    out = new Text.Builder();
    scope = new Scope(around);
    run(body);
    Text text = out.build();
    out = outer;
    scope = around;
    return text;
  }

  private Value filtered(Value start, List<Applied> filters) {
    Value value = start;
    for (Applied applied : filters) {
      value = Filters.apply(applied.filter(), value, arguments(applied.passed()));
    }
    return value;
  }

  private void assign(Target target, Value value) {
    switch (target) {
      case Statement.NameTarget name -> scope.set(name.name(), value);
      case Statement.AttributeTarget attribute -> {
        if (!(scope.get(attribute.namespace()) instanceof Namespace namespace)) {
          throw TemplateFailure.of(
              "'" + attribute.namespace() + "' is no namespace, its attributes can not be set");
        }
        namespace.set(attribute.attribute(), value);
      }
      case Statement.TupleTarget tuple -> {
        List<Value> values = Python.iterate(value);
        if (values.size() != tuple.targets().size()) {
          throw TemplateFailure.of(
              "%d values do not unpack into %d names"
                  .formatted(values.size(), tuple.targets().size()));
        }
        for (int i = 0; i < values.size(); i++) {
          assign(tuple.targets().get(i), values.get(i));
        }
      }
    }
  }

  /** A macro sees the scope it stands in, as it is when the macro is called. */
  private Function function(Statement.Macro macro, Scope home) {
    return arguments -> {
      Scope caller = scope;
      Text.Builder outer = out;
      int callLine = line;
      scope = new Scope(home);
      out = new Text.Builder();
      bind(macro, arguments);
      run(macro.body());
      Text text = out.build();
      scope = caller;
      out = outer;
      line = callLine;
      return text;
    };
  }

  private void bind(Statement.Macro macro, Arguments arguments) {
    List<Statement.Parameter> parameters = macro.parameters();
    if (arguments.positional().size() > parameters.size()) {
      throw TemplateFailure.of(
          "macro '%s' takes at most %d arguments".formatted(macro.name(), parameters.size()));
    }
    int bound = arguments.positional().size();
    for (int i = 0; i < parameters.size(); i++) {
      String name = parameters.get(i).name();
      Value given = arguments.find(i, name);
      Expression otherwise = parameters.get(i).otherwise();
      if (given != null && i >= arguments.positional().size()) {
        bound++;
      }
      if (given == null) {
        given = otherwise != null ? evaluate(otherwise) : Undefined.named(name);
      }
      scope.set(name, given);
    }
    Value caller = arguments.named().get("caller");
    if (caller != null) {
      scope.set("caller", caller);
      bound++;
    }
    if (bound < arguments.size()) {
      throw TemplateFailure.of(
          "macro '" + macro.name() + "' has no argument of a name it was given");
    }
  }

  private Value evaluate(Expression expression) {
    Meter.charge(1);
    depth = Meter.deeper(depth);
    line = expression.line();
    Value value =
        switch (expression) {
          case Expression.Literal literal -> literal.value();
          case Expression.Name name -> scope.get(name.name());
          case Expression.Attribute attribute -> {
            Value object = evaluate(attribute.object());
            line = attribute.line();
            yield Access.attribute(object, attribute.name());
          }
          case Expression.Item item -> {
            Value object = evaluate(item.object());
            Value key = evaluate(item.key());
            line = item.line();
            yield Access.item(object, key);
          }
          case Expression.Slice slice -> {
            Value object = evaluate(slice.object());
            Value start = evaluateOrNull(slice.start());
            Value stop = evaluateOrNull(slice.stop());
            Value step = evaluateOrNull(slice.step());
            line = slice.line();
            yield Access.slice(object, start, stop, step);
          }
          case Expression.Call call -> {
            Value callee = evaluate(call.callee());
            Arguments arguments = arguments(call.passed());
            line = call.line();
            yield call(callee, arguments);
          }
          case Expression.Filtered filtered -> {
            Value input = evaluate(filtered.value());
            Arguments arguments = arguments(filtered.passed());
            line = filtered.line();
            yield Filters.apply(filtered.filter(), input, arguments);
          }
          case Expression.Tested tested -> {
            Value input = evaluate(tested.value());
            Arguments arguments = arguments(tested.passed());
            line = tested.line();
            yield Bool.of(Tests.apply(tested.test(), input, arguments) != tested.negated());
          }
          case Expression.Unary unary -> unary(unary);
          case Expression.Binary binary -> binary(binary);
          case Expression.Comparison comparison -> Bool.of(holds(comparison));
          case Expression.Concatenation concatenation ->
              Strings.join(Text.EMPTY, evaluateAll(concatenation.parts()));
          case Expression.Conditional conditional -> conditional(conditional);
          case Expression.ListLiteral list -> Items.list(evaluateAll(list.values()));
          case Expression.TupleLiteral tuple -> new Items(Kind.TUPLE, evaluateAll(tuple.values()));
          case Expression.DictLiteral dict -> {
            Map<Value, Value> entries = new LinkedHashMap<>();
            for (Expression.DictLiteral.Entry entry : dict.entries()) {
              entries.put(evaluate(entry.key()), evaluate(entry.value()));
            }
            yield new Dict(entries);
          }
        };
    depth--;
    return value;
  }

  private @Nullable Value evaluateOrNull(@Nullable Expression expression) {
    return expression == null ? null : evaluate(expression);
  }

  private List<Value> evaluateAll(List<Expression> expressions) {
    List<Value> values = new ArrayList<>(expressions.size());
    for (Expression expression : expressions) {
      values.add(evaluate(expression));
    }
    return values;
  }

  private Arguments arguments(Passed passed) {
    if (passed == Passed.NOTHING) {
      return Arguments.NONE;
    }
    Map<String, Value> named = new LinkedHashMap<>();
    List<Value> positional = evaluateAll(passed.positional());
    passed.named().forEach((name, expression) -> named.put(name, evaluate(expression)));
    return new Arguments(positional, named);
  }

  private static Value call(Value callee, Arguments arguments) {
    return switch (callee) {
      case Function function -> function.call(arguments);
      case Undefined undefined -> throw undefined.failure();
      default -> throw TemplateFailure.of(Python.typeName(callee) + " can not be called");
    };
  }

  private Value unary(Expression.Unary unary) {
    Value operand = evaluate(unary.operand());
    line = unary.line();
    return switch (unary.operator()) {
      case NOT -> Bool.of(!Python.truth(operand));
      case SUBTRACT -> Operators.negate(operand);
      default -> Operators.plus(operand);
    };
  }

  private Value binary(Expression.Binary binary) {
    Value left = evaluate(binary.left());
    if (binary.operator() == Operator.AND || binary.operator() == Operator.OR) {
      boolean decided = Python.truth(left) == (binary.operator() == Operator.OR);
      return decided ? left : evaluate(binary.right());
    }
    Value right = evaluate(binary.right());
    line = binary.line();
    return switch (binary.operator()) {
      case ADD -> Operators.add(left, right);
      case SUBTRACT -> Operators.subtract(left, right);
      case MULTIPLY -> Operators.multiply(left, right);
      case DIVIDE -> Operators.divide(left, right);
      case FLOOR_DIVIDE -> Operators.floorDivide(left, right);
      case MODULO -> Operators.modulo(left, right);
      case POWER -> Operators.power(left, right);
      default -> throw new IllegalStateException("not a binary operator: " + binary.operator());
    };
  }

  private boolean holds(Expression.Comparison comparison) {
    Value left = evaluate(comparison.first());
    for (Expression.Comparison.Step step : comparison.steps()) {
      Value right = evaluate(step.right());
      line = comparison.line();
      String symbol = step.operator().symbol();
      boolean holds =
          switch (step.operator()) {
            case EQUAL -> left.equals(right);
            case NOT_EQUAL -> !left.equals(right);
            case LESS -> Operators.compare(symbol, left, right) < 0;
            case LESS_OR_EQUAL -> Operators.compare(symbol, left, right) <= 0;
            case GREATER -> Operators.compare(symbol, left, right) > 0;
            case GREATER_OR_EQUAL -> Operators.compare(symbol, left, right) >= 0;
            case IN -> Operators.contains(right, left);
            case NOT_IN -> !Operators.contains(right, left);
            default -> throw new IllegalStateException("not a comparison: " + symbol);
          };
      if (!holds) {
        return false;
      }
      left = right;
    }
    return true;
  }

  private Value conditional(Expression.Conditional conditional) {
    if (Python.truth(evaluate(conditional.condition()))) {
      return evaluate(conditional.then());
    }
    Expression otherwise = conditional.otherwise();
    return otherwise != null
        ? evaluate(otherwise)
        : new Undefined("an inline if without else was false");
  }
}
