package dev.baton.engine.template;

import dev.baton.engine.template.Token.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Cuts a template into tokens, with the white-space rules that Hugging Face sets: {@code
 * trim_blocks} (the newline after a block or comment is dropped), {@code lstrip_blocks} (so are
 * blanks before one at the start of a line), {@code -} strips and {@code +} keeps, and one newline
 * at the end of the template does not count.
 */
final class Lexer {
  private static final List<String> OPERATORS =
      List.of(
          "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{",
          "}", ">", "<", "=", ".", ":", "|", ",", ";");

  private final String source;
  private final List<Token> tokens = new ArrayList<>();
  private int at;
  private int line = 1;
  private boolean lineStart = true;

  private Lexer(String source) {
    String normal = source.replace("\r\n", "\n").replace('\r', '\n');
    this.source = normal.endsWith("\n") ? normal.substring(0, normal.length() - 1) : normal;
  }

  static List<Token> tokens(String source) {
    Lexer lexer = new Lexer(source);
    lexer.readAll();
    return lexer.tokens;
  }

  private void readAll() {
    while (at < source.length()) {
      int open = nextTag();
      if (open < 0) {
        data(source.substring(at));
        at = source.length();
        break;
      }
      char type = source.charAt(open + 1);
      int inner = open + 2;
      char sign = inner < source.length() ? source.charAt(inner) : 0;
      if (sign == '-' || sign == '+') {
        inner++;
      }
      data(trimmed(source.substring(at, open), type, sign));
      countLines(at, open);
      at = inner;
      switch (type) {
        case '#' -> comment();
        case '{' -> tag(Kind.PRINT_BEGIN, Kind.PRINT_END, '}');
        default -> {
          if (!raw()) {
            tag(Kind.BLOCK_BEGIN, Kind.BLOCK_END, '%');
          }
        }
      }
    }
    tokens.add(new Token(Kind.END, "", line));
  }

  private int nextTag() {
    for (int i = source.indexOf('{', at); i >= 0; i = source.indexOf('{', i + 1)) {
      if (i + 1 < source.length() && "{%#".indexOf(source.charAt(i + 1)) >= 0) {
        return i;
      }
    }
    return -1;
  }

  private String trimmed(String text, char type, char sign) {
    if (sign == '-') {
      int end = text.length();
      while (end > 0 && Strings.isSpace(text.charAt(end - 1))) {
        end--;
      }
      return text.substring(0, end);
    }
    if (sign != '+' && type != '{') {
      int start = text.lastIndexOf('\n') + 1;
      boolean blank = text.substring(start).chars().allMatch(Strings::isSpace);
      if (blank && (start > 0 || lineStart)) {
        return text.substring(0, start);
      }
    }
    return text;
  }

  private void data(String text) {
    if (!text.isEmpty()) {
      tokens.add(new Token(Kind.DATA, text, line));
    }
  }

  private void comment() {
    int end = source.indexOf("#}", at);
    if (end < 0) {
      throw TemplateFailure.at(line, "a comment is not closed");
    }
    int content = at;
    countLines(at, end);
    at = end + 2;
    closed(end > content ? source.charAt(end - 1) : 0, true);
  }

  /** A sign before the closing delimiter, and the newline after it. */
  private void closed(char sign, boolean dropsNewline) {
    int start = at;
    if (sign == '-') {
      while (at < source.length() && Strings.isSpace(source.charAt(at))) {
        at++;
      }
    } else if (dropsNewline && sign != '+' && at < source.length() && source.charAt(at) == '\n') {
      at++;
    }
    countLines(start, at);
    lineStart = at > start && source.charAt(at - 1) == '\n';
  }

  /** Reads {@code {% raw %} … {% endraw %}} when it stands here. */
  private boolean raw() {
    int end = keyword("raw", at);
    if (end < 0) {
      return false;
    }
    char sign = source.charAt(end) == '-' ? '-' : 0;
    countLines(at, end);
    at = sign == '-' ? end + 3 : end + 2;
    closed(sign, false);
    for (int open = source.indexOf("{%", at); open >= 0; open = source.indexOf("{%", open + 2)) {
      int inner = open + 2;
      char opening = inner < source.length() ? source.charAt(inner) : 0;
      int close = keyword("endraw", opening == '-' || opening == '+' ? inner + 1 : inner);
      if (close >= 0) {
        data(trimmed(source.substring(at, open), '%', opening));
        countLines(at, close);
        char closing = source.charAt(close);
        at = closing == '%' ? close + 2 : close + 3;
        closed(closing, true);
        return true;
      }
    }
    throw TemplateFailure.at(line, "a raw block is not closed");
  }

  /** Where the closing delimiter or its sign begins when only the word stands before it. */
  private int keyword(String word, int from) {
    int i = skipSpace(from);
    if (!source.startsWith(word, i)) {
      return -1;
    }
    i = skipSpace(i + word.length());
    return source.startsWith("%}", i) || source.startsWith("-%}", i) || source.startsWith("+%}", i)
        ? i
        : -1;
  }

  private int skipSpace(int from) {
    int i = from;
    while (i < source.length() && Strings.isSpace(source.charAt(i))) {
      i++;
    }
    return i;
  }

  private void tag(Kind begin, Kind end, char closing) {
    int openedAt = line;
    tokens.add(new Token(begin, "", line));
    Deque<Character> brackets = new ArrayDeque<>();
    while (true) {
      int next = skipSpace(at);
      countLines(at, next);
      at = next;
      if (at == source.length()) {
        throw TemplateFailure.at(
            openedAt, begin == Kind.PRINT_BEGIN ? "'{{' is not closed" : "'{%' is not closed");
      }
      if (brackets.isEmpty() && closes(closing)) {
        tokens.add(new Token(end, "", line));
        char sign = source.charAt(at);
        at += sign == closing ? 2 : 3;
        closed(sign, end == Kind.BLOCK_END);
        return;
      }
      char c = source.charAt(at);
      if (c == '"' || c == '\'') {
        string(c);
      } else if (c >= '0' && c <= '9') {
        number();
      } else if (Character.isUnicodeIdentifierStart(c) || c == '_') {
        int start = at;
        while (at < source.length() && isNamePart(source.charAt(at))) {
          at++;
        }
        tokens.add(new Token(Kind.NAME, source.substring(start, at), line));
      } else {
        operator(brackets);
      }
    }
  }

  private static boolean isNamePart(char c) {
    return Character.isUnicodeIdentifierPart(c) && !Character.isIdentifierIgnorable(c);
  }

  private boolean closes(char closing) {
    int i = at;
    if (source.charAt(i) == '-' || (closing == '%' && source.charAt(i) == '+')) {
      i++;
    }
    return i + 1 < source.length() && source.charAt(i) == closing && source.charAt(i + 1) == '}';
  }

  private void operator(Deque<Character> brackets) {
    for (String operator : OPERATORS) {
      if (source.startsWith(operator, at)) {
        char c = operator.charAt(0);
        if ("([{".indexOf(c) >= 0) {
          brackets.push(c == '(' ? ')' : c == '[' ? ']' : '}');
        } else if (")]}".indexOf(c) >= 0) {
          if (brackets.isEmpty() || brackets.pop() != c) {
            throw TemplateFailure.at(line, "unexpected '" + c + "'");
          }
        }
        tokens.add(new Token(Kind.OPERATOR, operator, line));
        at += operator.length();
        return;
      }
    }
    throw TemplateFailure.at(
        line, "unexpected character " + Character.getName(source.codePointAt(at)));
  }

  private void number() {
    int start = at;
    int radix = radix();
    if (radix != 10) {
      at += 2;
      start = at;
      while (at < source.length() && Character.digit(source.charAt(at), radix) >= 0) {
        at++;
      }
      if (start == at || at - start > 15) {
        throw TemplateFailure.at(line, "a number is damaged or has more than 15 digits");
      }
      long value = Long.parseLong(source.substring(start, at), radix);
      tokens.add(new Token(Kind.INTEGER, Long.toString(value), line));
      return;
    }
    digits();
    boolean real = false;
    if (at + 1 < source.length() && source.charAt(at) == '.' && isDigit(source.charAt(at + 1))) {
      real = true;
      at++;
      digits();
    }
    if (at < source.length() && (source.charAt(at) == 'e' || source.charAt(at) == 'E')) {
      int exponent = at + 1;
      if (exponent < source.length() && "+-".indexOf(source.charAt(exponent)) >= 0) {
        exponent++;
      }
      if (exponent < source.length() && isDigit(source.charAt(exponent))) {
        real = true;
        at = exponent;
        digits();
      }
    }
    String text = source.substring(start, at).replace("_", "");
    tokens.add(new Token(real ? Kind.FLOAT : Kind.INTEGER, text, line));
  }

  private int radix() {
    if (source.charAt(at) != '0' || at + 1 == source.length()) {
      return 10;
    }
    return switch (source.charAt(at + 1)) {
      case 'x', 'X' -> 16;
      case 'o', 'O' -> 8;
      case 'b', 'B' -> 2;
      default -> 10;
    };
  }

  private void digits() {
    while (at < source.length()
        && (isDigit(source.charAt(at))
            || (source.charAt(at) == '_'
                && at + 1 < source.length()
                && isDigit(source.charAt(at + 1))))) {
      at++;
    }
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  private void string(char quote) {
    int startLine = line;
    int start = at;
    StringBuilder out = new StringBuilder();
    int i = at + 1;
    while (true) {
      if (i >= source.length()) {
        throw TemplateFailure.at(startLine, "a string is not closed");
      }
      char c = source.charAt(i);
      if (c == quote) {
        break;
      }
      if (c == '\\' && i + 1 < source.length()) {
        i = escape(i + 1, out);
      } else {
        out.append(c);
        i++;
      }
    }
    at = i + 1;
    countLines(start, at);
    tokens.add(new Token(Kind.STRING, out.toString(), startLine));
  }

  /** Python's escapes; one that it does not know stays as written. */
  private int escape(int i, StringBuilder out) {
    char c = source.charAt(i);
    switch (c) {
      case '\n' -> {}
      case 'n' -> out.append('\n');
      case 't' -> out.append('\t');
      case 'r' -> out.append('\r');
      case 'b' -> out.append('\b');
      case 'f' -> out.append('\f');
      case 'a' -> out.append('\u0007');
      case 'v' -> out.append('\u000b');
      case '\\', '\'', '"' -> out.append(c);
      case 'x' -> {
        return hexadecimal(i + 1, 2, out);
      }
      case 'u' -> {
        return hexadecimal(i + 1, 4, out);
      }
      case 'U' -> {
        return hexadecimal(i + 1, 8, out);
      }
      case '0', '1', '2', '3', '4', '5', '6', '7' -> {
        int end = i;
        while (end < source.length()
            && end < i + 3
            && source.charAt(end) >= '0'
            && source.charAt(end) <= '7') {
          end++;
        }
        out.appendCodePoint(Integer.parseInt(source.substring(i, end), 8));
        return end;
      }
      default -> out.append('\\').append(c);
    }
    return i + 1;
  }

  private int hexadecimal(int from, int digits, StringBuilder out) {
    int end = from + digits;
    long value = -1;
    if (end <= source.length()
        && source.substring(from, end).chars().allMatch(c -> Character.digit(c, 16) >= 0)) {
      value = Long.parseLong(source.substring(from, end), 16);
    }
    if (value < 0 || value > Character.MAX_CODE_POINT) {
      throw TemplateFailure.at(line, "a string has a damaged escape");
    }
    out.appendCodePoint((int) value);
    return end;
  }

  private void countLines(int from, int to) {
    for (int i = from; i < to; i++) {
      if (source.charAt(i) == '\n') {
        line++;
      }
    }
  }
}
