package dev.baton.engine.runtime;

import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.GenerationRequest;
import dev.baton.engine.PromptPreview;
import dev.baton.engine.SystemKvKey;
import dev.baton.engine.SystemPrompt;
import dev.baton.engine.backend.KvLayout;
import dev.baton.engine.kvcache.SystemTokens;
import dev.baton.engine.template.ChatFormat;
import dev.baton.engine.template.SystemPrefix;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Turns requests and system prompts into tokens, on the caller's thread. Safe for use by many.
 *
 * <p>The tokens of a system prompt are computed once for each version (anew where the template
 * prints another date), and a version whose source changed is refused: its system KV would answer
 * for another prompt.
 */
final class Prompts {
  private final ChatFormat format;
  private final int vocabSize;
  private final int contextLength;
  private final KvLayout layout;
  private final InstantSource clock;
  private final Map<SystemKvKey, Known> known;

  /** All tokens of a prompt, and those of them that a system KV may hold. */
  record Prepared(int[] tokens, @Nullable SystemTokens system) {}

  /** Valid until the template prints another date, if it does. */
  private record Known(byte[] digest, SystemTokens tokens, @Nullable Instant changesAt) {
    boolean validAt(Instant now) {
      return changesAt == null || now.isBefore(changesAt);
    }
  }

  Prompts(
      ChatFormat format,
      int vocabSize,
      int contextLength,
      KvLayout layout,
      InstantSource clock,
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
    if (before != null && before.validAt(clock.instant())) {
      return before.tokens();
    }
    Known now = compute(prompt, digest);
    synchronized (known) {
      known.put(prompt.key(), now);
    }
    return now.tokens();
  }

  private Known compute(SystemPrompt prompt, byte[] digest) {
    int[] ids;
    Instant changesAt = null;
    String uncovered = null;
    switch (prompt.source()) {
      case SystemPrompt.Tokens source -> ids = source.ids().clone();
      case SystemPrompt.Text source -> {
        SystemPrefix prefix = format.systemPrefix(source.text());
        ids = prefix.tokens();
        changesAt = prefix.changesAt();
        uncovered = prefix.cause();
      }
    }
    requireTokens(ids);
    if (ids.length >= contextLength) {
      throw new EngineException(
          ErrorCode.CONTEXT_LENGTH_EXCEEDED,
          "the system prompt has %d tokens, but the model's context is %d; shorten it"
              .formatted(ids.length, contextLength));
    }
    long edition = changesAt == null ? 0 : changesAt.getEpochSecond();
    SystemTokens tokens = new SystemTokens(prompt.key(), ids, edition, uncovered);
    return new Known(digest, tokens, changesAt);
  }

  PromptPreview preview(String systemPrompt) {
    SystemPrefix prefix = format.systemPrefix(systemPrompt);
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
