package dev.baton.engine.runtime;

import dev.baton.engine.Engine;
import dev.baton.engine.GenerationRequest;
import dev.baton.engine.SamplingParameters;
import dev.baton.engine.SystemKvKey;
import dev.baton.engine.SystemPrompt;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A program that serves some rounds of requests and prints this process's resident set after each,
 * in bytes. Arguments: model file, bytes of KV memory.
 */
final class SteadyEngine {
  private static final int ROUNDS = 4;
  private static final int TENANTS = 3;
  private static final int REQUESTS = 12;

  private SteadyEngine() {}

  public static void main(String[] arguments) throws IOException, InterruptedException {
    EngineSettings settings =
        EngineSettings.defaults(Path.of(arguments[0]))
            .withMemory(EngineSettings.Memory.DEFAULTS.withKvBytes(Long.parseLong(arguments[1])))
            .withDevice(DeviceChoice.CPU);
    Random random = new Random(1);
    try (Engine engine = LocalEngine.open(settings)) {
      for (int round = 0; round < ROUNDS; round++) {
        List<RecordingListener> listeners = new ArrayList<>();
        for (int i = 0; i < REQUESTS; i++) {
          listeners.add(submit(engine, "t" + i % TENANTS, random));
        }
        for (RecordingListener listener : listeners) {
          listener.await();
          listener.reason(); // none failed
        }
        System.out.println(residentBytes());
      }
    }
  }

  private static RecordingListener submit(Engine engine, String tenant, Random random) {
    int[] system = new Random(tenant.hashCode()).ints(200, 3, 250).toArray();
    RecordingListener listener = new RecordingListener();
    var unused =
        engine.generate(
            new GenerationRequest(
                "r",
                tenant,
                new SystemPrompt(new SystemKvKey(tenant, "v1"), new SystemPrompt.Tokens(system)),
                new GenerationRequest.Tokens(random.ints(30, 3, 250).toArray()),
                SamplingParameters.GREEDY,
                24,
                List.of(),
                true,
                0,
                null),
            listener);
    return listener;
  }

  private static long residentBytes() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("\\D", "")) << 10;
      }
    }
    throw new IllegalStateException("no VmRSS in /proc/self/status");
  }
}
