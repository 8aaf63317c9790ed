package dev.baton.engine.template;

import dev.baton.engine.template.Expression.Operator;
import dev.baton.engine.template.Expression.Passed;
import dev.baton.engine.template.Token.Kind;
import dev.baton.engine.template.Value.Bool;
import dev.baton.engine.template.Value.Int;
import dev.baton.engine.template.Value.None;
import dev.baton.engine.template.Value.Real;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Parses expressions by binding power, loosest first: {@code if else · or · and · not · comparison
 * · + - · ~ · * / // % · ** · sign · filter, test · call, item, attribute}.
 */
final class ExpressionParser {
  private static final int OR = 1;
  private static final int AND = 2;
  private static final int NOT = 3;
  private static final int COMPARISON = 4;
  private static final int SUM = 5;
  private static final int CONCATENATION = 6;
  private static final int PRODUCT = 7;
  private static final int POWER = 8;

  private static final Map<String, Operator> COMPARISONS =
      Map.of(
          "==", Operator.EQUAL,
          "!=", Operator.NOT_EQUAL,
          "<", Operator.LESS,
          "<=", Operator.LESS_OR_EQUAL,
          ">", Operator.GREATER,
          ">=", Operator.GREATER_OR_EQUAL);

  private final TokenStream tokens;

  ExpressionParser(TokenStream tokens) {
    this.tokens = tokens;
  }

  Expression expression() {
    tokens.enter();
    int line = tokens.line();
    Expression value = binary(OR);
    while (tokens.acceptName("if")) {
      Expression condition = binary(OR);
      Expression otherwise = tokens.acceptName("else") ? expression() : null;
      value = new Expression.Conditional(condition, value, otherwise, line);
    }
    tokens.leave();
    return value;
  }

  /** An expression without {@code if … else}, as after {@code in} of a loop. */
  Expression withoutCondition() {
    return tuple(() -> binary(OR));
  }

  /** An expression, or several with commas between them, which are a tuple. */
  Expression tupleOrExpression() {
    return tuple(this::expression);
  }

  private Expression tuple(java.util.function.Supplier<Expression> element) {
    int line = tokens.line();
    Expression first = element.get();
    if (!tokens.peek().isOperator(",")) {
      return first;
    }
    List<Expression> values = new ArrayList<>(List.of(first));
    while (tokens.acceptOperator(",")) {
      if (endsTuple(tokens.peek())) {
        break;
      }
      values.add(element.get());
    }
    return new Expression.TupleLiteral(values, line);
  }

  private static boolean endsTuple(Token token) {
    return token.kind() == Kind.PRINT_END
        || token.kind() == Kind.BLOCK_END
        || token.isOperator(")")
        || token.isOperator("=");
  }

  private Expression binary(int least) {
    int line = tokens.line();
    Expression left;
    if (tokens.acceptName("not")) {
      tokens.enter();
      left = new Expression.Unary(Operator.NOT, binary(NOT), line);
      tokens.leave();
    } else {
      left = unary(true);
    }
    while (true) {
      line = tokens.line();
      Token token = tokens.peek();
      int power = power(token);
      if (power < least) {
        return left;
      }
      left =
          switch (power) {
            case COMPARISON -> comparison(left, line);
            case CONCATENATION -> concatenation(left, line);
            default -> {
              tokens.next();
              yield new Expression.Binary(operator(token), left, binary(power + 1), line);
            }
          };
    }
  }

  private int power(Token token) {
    if (token.kind() == Kind.NAME) {
      return switch (token.text()) {
        case "or" -> OR;
        case "and" -> AND;
        case "in" -> COMPARISON;
        case "not" -> tokens.peekNext().isName("in") ? COMPARISON : 0;
        default -> 0;
      };
    }
    if (token.kind() != Kind.OPERATOR) {
      return 0;
    }
    return switch (token.text()) {
      case "==", "!=", "<", "<=", ">", ">=" -> COMPARISON;
      case "+", "-" -> SUM;
      case "~" -> CONCATENATION;
      case "*", "/", "//", "%" -> PRODUCT;
      case "**" -> POWER;
      default -> 0;
    };
  }

  private static Operator operator(Token token) {
    return switch (token.text()) {
      case "or" -> Operator.OR;
      case "and" -> Operator.AND;
      case "+" -> Operator.ADD;
      case "-" -> Operator.SUBTRACT;
      case "*" -> Operator.MULTIPLY;
      case "/" -> Operator.DIVIDE;
      case "//" -> Operator.FLOOR_DIVIDE;
      case "%" -> Operator.MODULO;
      case "**" -> Operator.POWER;
      default -> throw TemplateFailure.at(token.line(), "unexpected " + token.shown());
    };
  }

  private Expression comparison(Expression first, int line) {
    List<Expression.Comparison.Step> steps = new ArrayList<>();
    while (power(tokens.peek()) == COMPARISON) {
      Token token = tokens.next();
      Operator operator = COMPARISONS.get(token.text());
      if (operator == null) {
        operator = token.isName("in") ? Operator.IN : Operator.NOT_IN;
        if (operator == Operator.NOT_IN) {
          tokens.next();
        }
      }
      steps.add(new Expression.Comparison.Step(operator, binary(SUM)));
    }
    return new Expression.Comparison(first, steps, line);
  }

  private Expression concatenation(Expression first, int line) {
    List<Expression> parts = new ArrayList<>(List.of(first));
    while (tokens.acceptOperator("~")) {
      parts.add(binary(PRODUCT));
    }
    return new Expression.Concatenation(parts, line);
  }

  private Expression unary(boolean filtered) {
    tokens.enter();
    int line = tokens.line();
    Expression value;
    if (tokens.acceptOperator("-")) {
      value = new Expression.Unary(Operator.SUBTRACT, unary(false), line);
    } else if (tokens.acceptOperator("+")) {
      value = new Expression.Unary(Operator.ADD, unary(false), line);
    } else {
      value = primary();
    }
    value = postfix(value);
    if (filtered) {
      value = filters(value);
    }
    tokens.leave();
    return value;
  }

  private Expression primary() {
    Token token = tokens.next();
    int line = token.line();
    return switch (token.kind()) {
      case NAME ->
          switch (token.text()) {
            case "true", "True" -> new Expression.Literal(Bool.TRUE, line);
            case "false", "False" -> new Expression.Literal(Bool.FALSE, line);
            case "none", "None" -> new Expression.Literal(None.NONE, line);
            default -> new Expression.Name(token.text(), line);
          };
      case STRING -> {
        StringBuilder text = new StringBuilder(token.text());
        while (tokens.peek().kind() == Kind.STRING) {
          text.append(tokens.next().text());
        }
        yield new Expression.Literal(Text.trusted(text.toString()), line);
      }
      case INTEGER -> {
        try {
          yield new Expression.Literal(new Int(Long.parseLong(token.text())), line);
        } catch (NumberFormatException e) {
          throw TemplateFailure.at(line, "a whole number has more than 64 bits");
        }
      }
      case FLOAT -> new Expression.Literal(new Real(Double.parseDouble(token.text())), line);
      case OPERATOR ->
          switch (token.text()) {
            case "(" -> parenthesized(line);
            case "[" -> new Expression.ListLiteral(listUntil("]"), line);
            case "{" -> dict(line);
            default -> throw TemplateFailure.at(line, "unexpected '" + token.text() + "'");
          };
      case DATA, BLOCK_BEGIN, BLOCK_END, PRINT_BEGIN, PRINT_END, END ->
          throw TemplateFailure.at(line, "expected an expression, found " + token.shown());
    };
  }

  private Expression parenthesized(int line) {
    if (tokens.acceptOperator(")")) {
      return new Expression.TupleLiteral(List.of(), line);
    }
    Expression value = tupleOrExpression();
    tokens.expectOperator(")");
    return value;
  }

  private List<Expression> listUntil(String end) {
    List<Expression> values = new ArrayList<>();
    while (!tokens.acceptOperator(end)) {
      if (!values.isEmpty()) {
        tokens.expectOperator(",");
        if (tokens.acceptOperator(end)) {
          break;
        }
      }
      values.add(expression());
    }
    return values;
  }

  private Expression dict(int line) {
    List<Expression.DictLiteral.Entry> entries = new ArrayList<>();
    while (!tokens.acceptOperator("}")) {
      if (!entries.isEmpty()) {
        tokens.expectOperator(",");
        if (tokens.acceptOperator("}")) {
          break;
        }
      }
      Expression key = expression();
      tokens.expectOperator(":");
      entries.add(new Expression.DictLiteral.Entry(key, expression()));
    }
    return new Expression.DictLiteral(entries, line);
  }

  private Expression postfix(Expression start) {
    Expression value = start;
    while (true) {
      int line = tokens.line();
      if (tokens.acceptOperator(".")) {
        Token name = tokens.next();
        if (name.kind() == Kind.INTEGER) {
          Value index = new Int(Integer.parseInt(name.text()));
          value = new Expression.Item(value, new Expression.Literal(index, line), line);
        } else if (name.kind() == Kind.NAME) {
          value = new Expression.Attribute(value, name.text(), line);
        } else {
          throw TemplateFailure.at(line, "expected a name after '.', found " + name.shown());
        }
      } else if (tokens.acceptOperator("[")) {
        value = subscript(value, line);
      } else if (tokens.peek().isOperator("(")) {
        value = new Expression.Call(value, passed(), line);
      } else {
        return value;
      }
    }
  }

  private Expression subscript(Expression object, int line) {
    Expression start = tokens.peek().isOperator(":") ? null : tupleOrExpression();
    if (start != null && tokens.acceptOperator("]")) {
      return new Expression.Item(object, start, line);
    }
    tokens.expectOperator(":");
    Expression stop = sliceBound();
    Expression step = tokens.acceptOperator(":") ? sliceBound() : null;
    tokens.expectOperator("]");
    return new Expression.Slice(object, start, stop, step, line);
  }

  private @Nullable Expression sliceBound() {
    return tokens.peek().isOperator(":") || tokens.peek().isOperator("]") ? null : expression();
  }

  private Expression filters(Expression start) {
    Expression value = start;
    while (true) {
      int line = tokens.line();
      if (tokens.acceptOperator("|")) {
        String filter = filterName();
        value = new Expression.Filtered(value, filter, optionallyPassed(), line);
      } else if (tokens.acceptName("is")) {
        value = test(value, line);
      } else if (tokens.peek().isOperator("(")) {
        value = new Expression.Call(value, passed(), line);
      } else {
        return value;
      }
    }
  }

  String filterName() {
    int line = tokens.line();
    String name = tokens.expectName("a filter's name");
    if (!Filters.NAMES.contains(name)) {
      throw TemplateFailure.at(line, "the filter '" + name + "' is not supported");
    }
    return name;
  }

  Passed optionallyPassed() {
    return tokens.peek().isOperator("(") ? passed() : Passed.NOTHING;
  }

  private Expression test(Expression value, int line) {
    boolean negated = tokens.acceptName("not");
    String name = tokens.expectName("a test's name");
    if (!Tests.NAMES.contains(name)) {
      throw TemplateFailure.at(line, "the test '" + name + "' is not supported");
    }
    Passed passed = Passed.NOTHING;
    Token next = tokens.peek();
    if (next.isOperator("(")) {
      passed = passed();
    } else if (beginsOperand(next)) {
      passed = new Passed(List.of(postfix(primary())), Map.of());
    }
    return new Expression.Tested(value, name, passed, negated, line);
  }

  private static boolean beginsOperand(Token token) {
    return switch (token.kind()) {
      case STRING, INTEGER, FLOAT -> true;
      case OPERATOR -> token.text().equals("[") || token.text().equals("{");
      case NAME ->
          switch (token.text()) {
            case "else", "or", "and", "if", "is", "in", "not" -> false;
            default -> true;
          };
      case DATA, BLOCK_BEGIN, BLOCK_END, PRINT_BEGIN, PRINT_END, END -> false;
    };
  }

  private Passed passed() {
    tokens.expectOperator("(");
    List<Expression> positional = new ArrayList<>();
    Map<String, Expression> named = new LinkedHashMap<>();
    while (!tokens.acceptOperator(")")) {
      if (!positional.isEmpty() || !named.isEmpty()) {
        tokens.expectOperator(",");
        if (tokens.acceptOperator(")")) {
          break;
        }
      }
      if (tokens.peek().isOperator("*") || tokens.peek().isOperator("**")) {
        throw TemplateFailure.at(tokens.line(), "spreading arguments with '*' is not supported");
      }
      if (tokens.peek().kind() == Kind.NAME && tokens.peekNext().isOperator("=")) {
        String name = tokens.next().text();
        tokens.next();
        if (named.put(name, expression()) != null) {
          throw TemplateFailure.at(tokens.line(), "the argument '" + name + "' is given twice");
        }
      } else if (named.isEmpty()) {
        positional.add(expression());
      } else {
        throw TemplateFailure.at(tokens.line(), "an argument by position follows one by name");
      }
    }
    return new Passed(positional, named);
  }
}
