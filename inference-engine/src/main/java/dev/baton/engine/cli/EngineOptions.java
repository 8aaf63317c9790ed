package dev.baton.engine.cli;

import dev.baton.engine.Engine;
import dev.baton.engine.SystemKvKey;
import dev.baton.engine.SystemPrompt;
import dev.baton.engine.runtime.DeviceChoice;
import dev.baton.engine.runtime.EngineSettings;
import dev.baton.engine.runtime.LocalEngine;
import dev.baton.engine.scheduler.RelayMode;
import dev.baton.engine.scheduler.SchedulerSettings;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** What the commands that run a model have in common. */
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class EngineOptions {
  static final String TENANT = "cli";

  @Option(names = "--model", required = true, paramLabel = "FILE", description = "GGUF model file.")
  private Path model;

  @ArgGroup(multiplicity = "0..1")
  private @Nullable Shared shared;

  /** The shared part of the prompt. */
  static final class Shared {
    @Option(
        names = "--system",
        paramLabel = "TEXT",
        description = "System prompt, placed by the chat template; its KV is shared.")
    private @Nullable String text;

    @Option(
        names = "--system-ids",
        paramLabel = "IDS",
        converter = TokenIds.Converter.class,
        description = "Token ids before every prompt, as they are; their KV is shared.")
    private @Nullable TokenIds ids;
  }

  @Option(
      names = "--relay",
      paramLabel = "on|off|auto",
      defaultValue = "auto",
      description =
          "Whether attention over the shared part is computed once for all sequences; auto decides "
              + "by cost (${DEFAULT-VALUE}).")
  private RelayMode relay;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "CPU threads; without it all processors.")
  private @Nullable Integer threads;

  @Option(
      names = "--device",
      paramLabel = "auto|cpu|cuda",
      defaultValue = "${baton.engine.device:-auto}",
      converter = DeviceConverter.class,
      description =
          "What computes: a GPU, the CPU, or a GPU where one can serve the model (${DEFAULT-VALUE}).")
  private DeviceChoice device;

  /** Names the choices when there is no such. */
  static final class DeviceConverter implements CommandLine.ITypeConverter<DeviceChoice> {
    @Override
    public DeviceChoice convert(String text) {
      try {
        return DeviceChoice.of(text);
      } catch (IllegalArgumentException e) {
        throw new CommandLine.TypeConversionException(e.getMessage());
      }
    }
  }

  @Option(
      names = "--json",
      description =
          "Print one object a sequence and line: promptIds, ids, text, finishReason and steps, "
              + "each {id, logit, logprob, top: [{id, logit, logprob}]}.")
  private boolean json;

  Path model() {
    return model;
  }

  boolean json() {
    return json;
  }

  @Nullable String systemText() {
    return shared == null ? null : shared.text;
  }

  int @Nullable [] systemIds() {
    return shared == null || shared.ids == null ? null : shared.ids.ids();
  }

  @Nullable SystemPrompt systemPrompt() {
    SystemKvKey key = new SystemKvKey(TENANT, "1");
    if (systemText() instanceof String text) {
      return new SystemPrompt(key, new SystemPrompt.Text(text));
    }
    return systemIds() instanceof int[] ids
        ? new SystemPrompt(key, new SystemPrompt.Tokens(ids))
        : null;
  }

  /** Starts an engine that takes so many sequences as one batch. */
  Engine open(int sequences) {
    return LocalEngine.open(settings(sequences));
  }

  private EngineSettings settings(int sequences) {
    EngineSettings defaults = EngineSettings.defaults(model);
    SchedulerSettings batch = defaults.batch();
    return defaults
        .withBatch(
            batch
                .withSequences(sequences, Math.max(batch.tokensPerStep(), sequences + 1))
                .withRelay(relay)
                .withDecodeLatencyTarget(null)) // equal calls compute equal steps
        .withQueue(new EngineSettings.Queue(sequences, 1, 8))
        .withThreads(threads)
        .withDevice(device);
  }
}
