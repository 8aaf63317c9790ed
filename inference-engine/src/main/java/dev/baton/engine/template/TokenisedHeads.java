package dev.baton.engine.template;

import dev.baton.engine.tokenizer.MarkedText;
import dev.baton.engine.tokenizer.MarkedText.Span;
import dev.baton.engine.tokenizer.TokenType;
import dev.baton.engine.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Remembers the tokens of long system prompts, so that a request pays for its own text only.
 *
 * <p>A rendered chat is cut behind the first special token after the system prompt. Text before and
 * after a special token is tokenised apart anyway, so the tokens of the two parts are those of the
 * whole; that is verified once for each remembered head. A rendering that begins otherwise, for
 * instance with another date, is tokenised as a whole. Bounded in number and in characters; the
 * least recently used goes first. Safe for use by many threads.
 */
final class TokenisedHeads {
  private static final int MIN_PROMPT_LENGTH = 256;
  private static final int MAX_HEADS = 256;
  private static final long MAX_CHARACTERS = 16_000_000;

  private record Head(String text, List<Span> trusted, int[] tokens) {}

  private final Tokenizer tokenizer;
  private final LinkedHashMap<String, Head> heads = new LinkedHashMap<>(16, 0.75f, true);
  private long characters; // of all heads and their keys, guarded by heads

  TokenisedHeads(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  int[] encode(@Nullable String systemPrompt, MarkedText chat) {
    if (systemPrompt == null || systemPrompt.length() < MIN_PROMPT_LENGTH) {
      return tokenizer.encode(chat);
    }
    Head head;
    synchronized (heads) {
      head = heads.get(systemPrompt);
    }
    if (head != null && begins(chat, head)) {
      int[] tail = tokenizer.encode(part(chat, head.text().length(), chat.text().length()));
      return joined(head.tokens(), tail);
    }
    int[] tokens = tokenizer.encode(chat);
    remember(systemPrompt, chat, tokens);
    return tokens;
  }

  private static boolean begins(MarkedText chat, Head head) {
    return chat.text().startsWith(head.text())
        && part(chat, 0, head.text().length()).trusted().equals(head.trusted());
  }

  private void remember(String systemPrompt, MarkedText chat, int[] tokens) {
    int end = endOfHead(systemPrompt, chat, tokens);
    if (end < 0) {
      return;
    }
    MarkedText text = part(chat, 0, end);
    int[] headTokens = tokenizer.encode(text);
    int[] tail = tokenizer.encode(part(chat, end, chat.text().length()));
    if (!Arrays.equals(joined(headTokens, tail), tokens)) {
      return;
    }
    synchronized (heads) {
      Head before = heads.put(systemPrompt, new Head(text.text(), text.trusted(), headTokens));
      characters += cost(systemPrompt, text.text());
      if (before != null) {
        characters -= cost(systemPrompt, before.text());
      }
      var eldest = heads.entrySet().iterator();
      while (heads.size() > MAX_HEADS || characters > MAX_CHARACTERS) {
        Map.Entry<String, Head> entry = eldest.next();
        characters -= cost(entry.getKey(), entry.getValue().text());
        eldest.remove();
      }
    }
  }

  private static long cost(String systemPrompt, String head) {
    return (long) systemPrompt.length() + head.length();
  }

  /** Where the first special token behind the system prompt ends, or -1. */
  private int endOfHead(String systemPrompt, MarkedText chat, int[] tokens) {
    String shown = systemPrompt.strip();
    int promptAt = chat.text().indexOf(shown);
    if (promptAt < 0) {
      return -1;
    }
    int from = 0;
    for (int token : tokens) {
      TokenType type = tokenizer.vocabulary().type(token);
      if (type != TokenType.CONTROL && type != TokenType.USER_DEFINED) {
        continue;
      }
      String piece = tokenizer.piece(token);
      int at = trustedIndexOf(chat, piece, from);
      if (at < 0) {
        continue;
      }
      from = at + piece.length();
      if (at >= promptAt + shown.length()) {
        return from;
      }
    }
    return -1;
  }

  private static int trustedIndexOf(MarkedText chat, String piece, int from) {
    for (Span span : chat.trusted()) {
      int at = chat.text().indexOf(piece, Math.max(from, span.start()));
      if (at < 0) {
        return -1;
      }
      if (at + piece.length() <= span.end()) {
        return at;
      }
    }
    return -1;
  }

  /** The characters [from, to) with their marks. */
  private static MarkedText part(MarkedText chat, int from, int to) {
    List<Span> trusted = new ArrayList<>();
    for (Span span : chat.trusted()) {
      int start = Math.max(span.start(), from);
      int end = Math.min(span.end(), to);
      if (start < end) {
        trusted.add(new Span(start - from, end - from));
      }
    }
    return new MarkedText(chat.text().substring(from, to), trusted);
  }

  private static int[] joined(int[] head, int[] tail) {
    int[] both = Arrays.copyOf(head, head.length + tail.length);
    System.arraycopy(tail, 0, both, head.length, tail.length);
    return both;
  }
}
