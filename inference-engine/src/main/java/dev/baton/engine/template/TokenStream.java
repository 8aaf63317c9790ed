package dev.baton.engine.template;

import dev.baton.engine.template.Token.Kind;
import java.util.List;

/** Reads tokens in order, and knows how deep the parser is nested. */
final class TokenStream {
  private static final int MAX_NESTING = 100;

  private final List<Token> tokens;
  private int at;
  private int nesting;

  TokenStream(List<Token> tokens) {
    this.tokens = tokens;
  }

  Token peek() {
    return tokens.get(at);
  }

  Token peekNext() {
    return tokens.get(Math.min(at + 1, tokens.size() - 1));
  }

  Token next() {
    Token token = tokens.get(at);
    if (token.kind() != Kind.END) {
      at++;
    }
    return token;
  }

  int line() {
    return peek().line();
  }

  boolean acceptName(String name) {
    return accept(peek().isName(name));
  }

  boolean acceptOperator(String operator) {
    return accept(peek().isOperator(operator));
  }

  private boolean accept(boolean matches) {
    if (matches) {
      at++;
    }
    return matches;
  }

  Token expect(Kind kind, String what) {
    if (peek().kind() != kind) {
      throw unexpected(what);
    }
    return next();
  }

  void expectOperator(String operator) {
    if (!acceptOperator(operator)) {
      throw unexpected("'" + operator + "'");
    }
  }

  String expectName(String what) {
    return expect(Kind.NAME, what).text();
  }

  TemplateFailure unexpected(String wanted) {
    return TemplateFailure.at(line(), "expected " + wanted + ", found " + peek().shown());
  }

  /** Called on the way into a nested construct; {@link #leave} on the way out. */
  void enter() {
    nesting++;
    if (nesting > MAX_NESTING) {
      throw TemplateFailure.at(line(), "nested deeper than " + MAX_NESTING + " levels");
    }
  }

  void leave() {
    nesting--;
  }
}
