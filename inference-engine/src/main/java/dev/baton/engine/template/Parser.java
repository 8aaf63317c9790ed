package dev.baton.engine.template;

import dev.baton.engine.template.Statement.Applied;
import dev.baton.engine.template.Statement.Parameter;
import dev.baton.engine.template.Statement.Target;
import dev.baton.engine.template.Token.Kind;
import java.util.ArrayList;
import java.util.List;

/** Parses a template into statements. */
final class Parser {
  private final TokenStream tokens;
  private final ExpressionParser expressions;
  private int loops;

  private Parser(List<Token> tokens) {
    this.tokens = new TokenStream(tokens);
    this.expressions = new ExpressionParser(this.tokens);
  }

  static List<Statement> parse(String source) {
    Parser parser = new Parser(Lexer.tokens(source));
    List<Statement> statements = parser.body();
    if (parser.tokens.peek().kind() != Kind.END) {
      throw TemplateFailure.at(
          parser.tokens.line(),
          "'" + parser.tokens.peekNext().text() + "' closes nothing that is open");
    }
    return statements;
  }

  /** Statements up to a tag that belongs to the enclosing block, which is left unread. */
  private List<Statement> body() {
    tokens.enter();
    List<Statement> statements = new ArrayList<>();
    while (true) {
      Token token = tokens.peek();
      if (token.kind() == Kind.END || closesBlock(token, tokens.peekNext())) {
        break;
      }
      tokens.next();
      switch (token.kind()) {
        case DATA -> statements.add(new Statement.Data(Text.trusted(token.text())));
        case PRINT_BEGIN -> {
          statements.add(new Statement.Print(expressions.tupleOrExpression()));
          tokens.expect(Kind.PRINT_END, "'}}'");
        }
        case BLOCK_BEGIN -> statements.add(block());
        case BLOCK_END, PRINT_END, NAME, STRING, INTEGER, FLOAT, OPERATOR, END ->
            throw TemplateFailure.at(token.line(), "unexpected " + token.shown());
      }
    }
    tokens.leave();
    return List.copyOf(statements);
  }

  private static boolean closesBlock(Token begin, Token tag) {
    return begin.kind() == Kind.BLOCK_BEGIN
        && tag.kind() == Kind.NAME
        && (tag.text().startsWith("end") || tag.text().equals("else") || tag.text().equals("elif"));
  }

  private Statement block() {
    int line = tokens.line();
    String tag = tokens.expectName("a tag's name");
    return switch (tag) {
      case "if" -> ifBlock();
      case "for" -> forBlock(line);
      case "set" -> set(line);
      case "macro" -> macro(line);
      case "call" -> callBlock(line);
      case "filter" -> {
        List<Applied> filters = new ArrayList<>();
        do {
          filters.add(new Applied(expressions.filterName(), expressions.optionallyPassed()));
        } while (tokens.acceptOperator("|"));
        yield new Statement.FilterBlock(filters, bodyUntil("endfilter"), line);
      }
      case "with" -> {
        List<Statement.Set> assignments = new ArrayList<>();
        while (tokens.peek().kind() != Kind.BLOCK_END) {
          if (!assignments.isEmpty()) {
            expectComma();
          }
          Target target = target();
          tokens.expectOperator("=");
          assignments.add(new Statement.Set(target, expressions.expression(), line));
        }
        yield new Statement.Scoped(assignments, bodyUntil("endwith"));
      }
      case "generation" -> new Statement.Scoped(List.of(), bodyUntil("endgeneration"));
      case "break", "continue" -> {
        if (loops == 0) {
          throw TemplateFailure.at(line, "'" + tag + "' stands outside of a loop");
        }
        closeTag();
        yield tag.equals("break") ? new Statement.Break() : new Statement.Continue();
      }
      default -> throw TemplateFailure.at(line, "the tag '" + tag + "' is not supported");
    };
  }

  private void closeTag() {
    tokens.expect(Kind.BLOCK_END, "'%}'");
  }

  private void expectComma() {
    tokens.expectOperator(",");
  }

  /** The rest of the opening tag, the body and the closing tag. */
  private List<Statement> bodyUntil(String end) {
    closeTag();
    List<Statement> body = body();
    expectTag(end);
    closeTag();
    return body;
  }

  private void expectTag(String name) {
    if (tokens.peek().kind() != Kind.BLOCK_BEGIN || !tokens.peekNext().isName(name)) {
      Token found = tokens.peek().kind() == Kind.BLOCK_BEGIN ? tokens.peekNext() : tokens.peek();
      throw TemplateFailure.at(found.line(), "expected '" + name + "', found " + found.shown());
    }
    tokens.next();
    tokens.next();
  }

  private boolean acceptTag(String name) {
    if (tokens.peek().kind() == Kind.BLOCK_BEGIN && tokens.peekNext().isName(name)) {
      tokens.next();
      tokens.next();
      return true;
    }
    return false;
  }

  private Statement ifBlock() {
    List<Statement.If.Branch> branches = new ArrayList<>();
    do {
      Expression condition = expressions.withoutCondition();
      closeTag();
      branches.add(new Statement.If.Branch(condition, body()));
    } while (acceptTag("elif"));
    List<Statement> otherwise = List.of();
    if (acceptTag("else")) {
      closeTag();
      otherwise = body();
    }
    expectTag("endif");
    closeTag();
    return new Statement.If(branches, otherwise);
  }

  private Statement forBlock(int line) {
    Target target = targets();
    if (!tokens.acceptName("in")) {
      throw tokens.unexpected("'in'");
    }
    Expression iterable = expressions.withoutCondition();
    Expression condition = tokens.acceptName("if") ? expressions.expression() : null;
    if (tokens.peek().isName("recursive")) {
      throw TemplateFailure.at(line, "recursive loops are not supported");
    }
    closeTag();
    loops++;
    List<Statement> body = body();
    loops--;
    List<Statement> otherwise = List.of();
    if (acceptTag("else")) {
      closeTag();
      otherwise = body();
    }
    expectTag("endfor");
    closeTag();
    return new Statement.For(target, iterable, condition, body, otherwise, line);
  }

  private Statement set(int line) {
    Target target = targets();
    if (tokens.acceptOperator("=")) {
      Expression value = expressions.tupleOrExpression();
      closeTag();
      return new Statement.Set(target, value, line);
    }
    List<Applied> filters = new ArrayList<>();
    while (tokens.acceptOperator("|")) {
      filters.add(new Applied(expressions.filterName(), expressions.optionallyPassed()));
    }
    return new Statement.SetBlock(target, filters, bodyUntil("endset"), line);
  }

  /** One target, or several with commas between them. */
  private Target targets() {
    Target first = target();
    if (!tokens.peek().isOperator(",")) {
      return first;
    }
    List<Target> targets = new ArrayList<>(List.of(first));
    while (tokens.acceptOperator(",")) {
      boolean another = tokens.peek().kind() == Kind.NAME || tokens.peek().isOperator("(");
      if (!another || tokens.peek().isName("in")) {
        break;
      }
      targets.add(target());
    }
    return new Statement.TupleTarget(targets);
  }

  private Target target() {
    if (tokens.acceptOperator("(")) {
      tokens.enter();
      Target inner = targets();
      tokens.leave();
      tokens.expectOperator(")");
      return inner;
    }
    String name = tokens.expectName("a name to set");
    if (tokens.acceptOperator(".")) {
      return new Statement.AttributeTarget(name, tokens.expectName("an attribute's name"));
    }
    return new Statement.NameTarget(name);
  }

  private Statement.Macro macro(int line) {
    String name = tokens.expectName("a macro's name");
    return new Statement.Macro(name, parameters(), macroBody("endmacro"), line);
  }

  private Statement callBlock(int line) {
    List<Parameter> parameters = tokens.peek().isOperator("(") ? parameters() : List.of();
    if (!(expressions.expression() instanceof Expression.Call call)) {
      throw TemplateFailure.at(line, "'call' needs a call");
    }
    return new Statement.CallBlock(
        call, new Statement.Macro("caller", parameters, macroBody("endcall"), line));
  }

  private List<Statement> macroBody(String end) {
    int around = loops;
    loops = 0;
    List<Statement> body = bodyUntil(end);
    loops = around;
    return body;
  }

  private List<Parameter> parameters() {
    tokens.expectOperator("(");
    List<Parameter> parameters = new ArrayList<>();
    while (!tokens.acceptOperator(")")) {
      if (!parameters.isEmpty()) {
        expectComma();
      }
      String name = tokens.expectName("a parameter's name");
      Expression otherwise = tokens.acceptOperator("=") ? expressions.expression() : null;
      parameters.add(new Parameter(name, otherwise));
    }
    return parameters;
  }
}
