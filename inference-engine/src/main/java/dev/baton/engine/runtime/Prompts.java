package dev.baton.engine.runtime;

import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.GenerationRequest;
import dev.baton.engine.PromptPreview;
import dev.baton.engine.SystemKvKey;
import dev.baton.engine.SystemPrompt;
import dev.baton.engine.backend.KvLayout;
import dev.baton.engine.kvcache.SystemTokens;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Turns requests and system prompts into tokens, on the caller's thread. Safe for use by many.
 *
 * <p>The tokens of a system prompt are computed once for each version (once a day where the
 * template prints the date), and a version whose source changed is refused: its system KV would
 * answer for another prompt.
 */
final class Prompts {
  private final PromptFormat format;
  private final int vocabSize;
  private final int contextLength;
  private final KvLayout layout;
  private final Clock clock;
  private final Map<SystemKvKey, Known> known;

  /** All tokens of a prompt, and those of them that a system KV may hold. */
  record Prepared(int[] tokens, @Nullable SystemTokens system) {}

  private record Known(byte[] digest, SystemTokens tokens, boolean dependsOnDate, LocalDate date) {}

  Prompts(
      PromptFormat format,
      int vocabSize,
      int contextLength,
      KvLayout layout,
      Clock clock,
      int rememberedLimit) {
    this.format = format;
    this.vocabSize = vocabSize;
    this.contextLength = contextLength;
    this.layout = layout;
    this.clock = clock;
    known =
        new LinkedHashMap<>(16, 0.75f, true) {
          private static final long serialVersionUID = 1;

          @Override
          protected boolean removeEldestEntry(Map.Entry<SystemKvKey, Known> eldest) {
            return size() > rememberedLimit;
          }
        };
  }

  Prepared prepare(GenerationRequest request) {
    SystemPrompt prompt = request.systemPrompt();
    SystemTokens system = prompt == null ? null : systemTokens(prompt);
    int[] tokens =
        switch (request.input()) {
          case GenerationRequest.Tokens own ->
              system == null ? own.ids().clone() : concat(system.ids(), own.ids());
          case GenerationRequest.Chat chat ->
              format.encode(prompt == null ? null : text(prompt), chat.messages());
        };
    requireTokens(tokens);
    if (tokens.length == 0) {
      throw new EngineException(
          ErrorCode.INVALID_REQUEST, "the prompt is empty; give it at least one token");
    }
    return new Prepared(tokens, system);
  }

  private static String text(SystemPrompt prompt) {
    return switch (prompt.source()) {
      case SystemPrompt.Text source -> source.text();
      case SystemPrompt.Tokens source ->
          throw new EngineException(
              ErrorCode.INVALID_REQUEST,
              "a system prompt given as token ids takes an input of token ids, not a chat");
    };
  }

  private static int[] concat(int[] first, int[] second) {
    int[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }

  /**
   * The tokens that a system KV of this prompt covers.
   *
   * @throws EngineException when the version was used with another source before, when it does not
   *     fit the context, or when its template fails
   */
  SystemTokens systemTokens(SystemPrompt prompt) {
    byte[] digest = digest(prompt.source());
    LocalDate today = LocalDate.now(clock);
    Known before;
    synchronized (known) {
      before = known.get(prompt.key());
    }
    if (before != null && !MessageDigest.isEqual(before.digest(), digest)) {
      throw new EngineException(
          ErrorCode.INVALID_REQUEST,
          "system prompt version %s was used with another text before; versions are immutable, register a new one"
              .formatted(prompt.key().versionId()));
    }
    if (before != null && (!before.dependsOnDate() || before.date().equals(today))) {
      return before.tokens();
    }
    Known now = compute(prompt, digest, today);
    synchronized (known) {
      known.put(prompt.key(), now);
    }
    return now.tokens();
  }

  private Known compute(SystemPrompt prompt, byte[] digest, LocalDate today) {
    int[] ids;
    boolean dependsOnDate = false;
    switch (prompt.source()) {
      case SystemPrompt.Tokens source -> ids = source.ids().clone();
      case SystemPrompt.Text source -> {
        PromptFormat.Prefix prefix = format.systemPrefix(source.text());
        ids = prefix.tokens();
        dependsOnDate = prefix.dependsOnDate();
      }
    }
    requireTokens(ids);
    if (ids.length >= contextLength) {
      throw new EngineException(
          ErrorCode.CONTEXT_LENGTH_EXCEEDED,
          "the system prompt has %d tokens, and the model's context is %d; shorten it"
              .formatted(ids.length, contextLength));
    }
    long edition = dependsOnDate ? today.toEpochDay() : 0;
    return new Known(digest, new SystemTokens(prompt.key(), ids, edition), dependsOnDate, today);
  }

  PromptPreview preview(String systemPrompt) {
    PromptFormat.Prefix prefix = format.systemPrefix(systemPrompt);
    int shared = prefix.tokens().length;
    return new PromptPreview(
        prefix.renderedTokens(),
        layout.blocksFor(shared) * layout.blockBytes(),
        contextLength,
        Math.max(0, contextLength - prefix.renderedTokens()),
        shared);
  }

  void requireTokens(int[] ids) {
    for (int id : ids) {
      if (id < 0 || id >= vocabSize) {
        throw new EngineException(
            ErrorCode.INVALID_REQUEST,
            "token id %d is none of the model's; they are 0 to %d".formatted(id, vocabSize - 1));
      }
    }
  }

  private static byte[] digest(SystemPrompt.Source source) {
    MessageDigest sha;
    try {
      sha = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
    switch (source) {
      case SystemPrompt.Text text -> {
        sha.update((byte) 't');
        sha.update(text.text().getBytes(StandardCharsets.UTF_8));
      }
      case SystemPrompt.Tokens tokens -> {
        ByteBuffer bytes = ByteBuffer.allocate(1 + tokens.ids().length * Integer.BYTES);
        bytes.put((byte) 'i');
        bytes.asIntBuffer().put(tokens.ids());
        sha.update(bytes.rewind());
      }
    }
    return sha.digest();
  }
}
