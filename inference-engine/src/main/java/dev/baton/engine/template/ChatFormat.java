package dev.baton.engine.template;

import dev.baton.engine.ChatMessage;
import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.gguf.GgufFile;
import dev.baton.engine.tokenizer.MarkedText;
import dev.baton.engine.tokenizer.TokenType;
import dev.baton.engine.tokenizer.Tokenizer;
import java.time.Clock;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * How a conversation becomes a model's tokens, and which of them a system prompt fixes.
 *
 * <p>The model's own chat template renders; where the file has none, ChatML does if the vocabulary
 * knows it, else plain text with headings. Only what the template wrote can become a special token.
 * BOS is put in front when the model asks for it and the template did not.
 *
 * <p>Where the tenant's system prompt goes is found by probing the template when the model is
 * opened: as a system message; or, where the template refuses or drops those, before the first user
 * message's text, with a blank line between. Safe for use by many threads.
 */
public final class ChatFormat {
  /** A special token this close to the end of the common tokens is where they are cut. */
  private static final int NEAR_TOKENS = 16;

  private final ChatTemplate template;
  private final Tokenizer tokenizer;
  private final Clock clock;
  private final TemplateHabits habits;
  private final TokenisedHeads heads;

  ChatFormat(ChatTemplate template, Tokenizer tokenizer, Clock clock) {
    this.template = template;
    this.tokenizer = tokenizer;
    this.clock = clock;
    habits = TemplateHabits.probe(messages -> rendered(messages, clock).text().text());
    heads = new TokenisedHeads(tokenizer);
  }

  /**
   * The chat format of a model file.
   *
   * @param clock what templates that print the date read, in its own zone
   * @throws EngineException {@link ErrorCode#TEMPLATE_FAILED} when the file's template can not be
   *     read, or not render a single user message
   */
  public static ChatFormat from(GgufFile file, Tokenizer tokenizer, Clock clock) {
    String source = file.findString("tokenizer.chat_template");
    return of(source, tokenizer, clock);
  }

  /** The chat format of a template; null takes the fallback. */
  public static ChatFormat of(@Nullable String source, Tokenizer tokenizer, Clock clock) {
    return new ChatFormat(
        ChatTemplate.parse(source != null ? source : FallbackTemplates.of(tokenizer)),
        tokenizer,
        clock);
  }

  /**
   * The tokens of a chat, up to where the model's answer begins.
   *
   * @param systemPrompt the tenant's prompt, which comes before any system message of the client
   * @param messages the client's messages; the last one that is not a system message is the user's
   * @throws EngineException {@link ErrorCode#INVALID_REQUEST} for roles that make no conversation,
   *     {@link ErrorCode#TEMPLATE_FAILED} when the template refuses this one
   */
  public int[] encode(@Nullable String systemPrompt, List<ChatMessage> messages) {
    return encode(systemPrompt, messages, clock);
  }

  private int[] encode(@Nullable String systemPrompt, List<ChatMessage> messages, Clock at) {
    List<ChatMessage> arranged = Seating.arrange(habits, systemPrompt, messages);
    return withBos(heads.encode(systemPrompt, rendered(arranged, at).text()));
  }

  private ChatTemplate.Rendering rendered(List<ChatMessage> messages, Clock at) {
    List<Map<String, Object>> chat = new ArrayList<>(messages.size());
    for (ChatMessage message : messages) {
      // Roles come from a closed set, and templates build special tokens of them: <|user|>.
      chat.add(Map.of("role", MarkedText.trusted(message.role()), "content", message.content()));
    }
    Map<String, @Nullable Object> variables = new HashMap<>();
    variables.put("messages", chat);
    variables.put("add_generation_prompt", true);
    variables.put("tools", null);
    variables.put("documents", null);
    variables.put("bos_token", special(tokenizer.bosId()));
    variables.put("eos_token", special(tokenizer.eosId()));
    return template.render(variables, at);
  }

  private MarkedText special(OptionalInt id) {
    return MarkedText.trusted(id.isPresent() ? tokenizer.piece(id.getAsInt()) : "");
  }

  private int[] withBos(int[] ids) {
    OptionalInt bos = tokenizer.bosId();
    if (!tokenizer.addsBos() || bos.isEmpty() || (ids.length > 0 && ids[0] == bos.getAsInt())) {
      return ids;
    }
    int[] all = new int[ids.length + 1];
    all[0] = bos.getAsInt();
    System.arraycopy(ids, 0, all, 1, ids.length);
    return all;
  }

  /**
   * What all chats under a system prompt begin with. Renders a few dozen probes: for registering
   * and filling a prompt, not for every request.
   *
   * @throws EngineException {@link ErrorCode#TEMPLATE_FAILED} when the template can not render the
   *     prompt with a single user message
   */
  public SystemPrefix systemPrefix(String systemPrompt) {
    Clock now = Clock.fixed(clock.instant(), clock.getZone());
    List<List<ChatMessage>> probes = PrefixProbes.conversations();
    int[] shortest = encode(systemPrompt, probes.getFirst(), now);
    int[] common = common(systemPrompt, probes, now);
    int[] shared = Arrays.copyOf(common, cut(common));
    int added = shortest.length - encode(null, probes.getFirst(), now).length;
    return new SystemPrefix(
        shared,
        Math.max(common.length, added),
        changesAt(systemPrompt, shared, now),
        cause(systemPrompt, shared.length < added / 2, now));
  }

  private int[] common(String systemPrompt, List<List<ChatMessage>> probes, Clock now) {
    int[] common = encode(systemPrompt, probes.getFirst(), now);
    for (List<ChatMessage> probe : probes) {
      int[] tokens;
      try {
        tokens = encode(systemPrompt, probe, now);
      } catch (EngineException refused) {
        continue; // a request like this is refused, too
      }
      int mismatch = Arrays.mismatch(common, tokens);
      if (mismatch >= 0) {
        common = Arrays.copyOf(common, mismatch);
      }
    }
    return common;
  }

  /**
   * Nothing merges across a special token, so the common tokens end behind the last one when that
   * is near their end. Elsewhere the probes' unlike beginnings have shown the border.
   */
  private int cut(int[] common) {
    for (int i = common.length - 1; i >= Math.max(0, common.length - NEAR_TOKENS); i--) {
      if (tokenizer.vocabulary().type(common[i]) == TokenType.CONTROL) {
        return i + 1;
      }
    }
    return common.length;
  }

  private @Nullable Instant changesAt(String systemPrompt, int[] shared, Clock now) {
    List<ChatMessage> probe = PrefixProbes.conversations().getFirst();
    ZonedDateTime time = ZonedDateTime.now(now);
    return rendered(Seating.arrange(habits, systemPrompt, probe), now).dateFormats().stream()
        .map(format -> Strftime.nextChange(format, time).toInstant())
        .sorted()
        .filter(instant -> {
          Clock then = Clock.fixed(instant, now.getZone());
          int[] tokens = encode(systemPrompt, probe, then);
          return !begins(tokens, shared);
        })
        .findFirst()
        .orElse(null);
  }

  private static boolean begins(int[] tokens, int[] prefix) {
    return tokens.length >= prefix.length
        && Arrays.equals(tokens, 0, prefix.length, prefix, 0, prefix.length);
  }

  /** Why the system prompt does not stand before everything else in the rendering, or null. */
  private @Nullable String cause(String systemPrompt, boolean mostlyUnshared, Clock now) {
    if (systemPrompt.isBlank()) {
      return null;
    }
    String prompt = systemPrompt.strip();
    List<ChatMessage> turns =
        List.of(
            new ChatMessage("user", "Kestrel"),
            new ChatMessage("assistant", "Osprey"),
            new ChatMessage("user", "Heron"));
    String text = rendered(Seating.arrange(habits, systemPrompt, turns), now).text().text();
    int at = text.indexOf(prompt);
    if (at < 0) {
      return "the chat template rewrites the system prompt";
    }
    if (at > text.indexOf("Osprey")) {
      return "the chat template puts the system prompt into the last user turn";
    }
    if (at > text.indexOf("Kestrel")) {
      return "the chat template puts the system prompt behind the first user turn";
    }
    return mostlyUnshared ? "the chat template begins some chats in other words" : null;
  }
}
