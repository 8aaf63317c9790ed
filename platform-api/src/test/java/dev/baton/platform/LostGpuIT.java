package dev.baton.platform;

import static dev.baton.platform.PlatformUnderTest.chat;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.cuda.StandIn;
import dev.baton.engine.Engine;
import dev.baton.engine.model.RandomModelSpec;
import dev.baton.engine.runtime.DeviceChoice;
import dev.baton.engine.runtime.EngineSettings;
import dev.baton.engine.runtime.LocalEngine;
import dev.baton.platform.serve.TestRedis;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A GPU that is lost in the middle of an answer, as clients and load balancers see it. */
@Timeout(60)
class LostGpuIT {
  private static final int ILLEGAL_ADDRESS = 700;

  @TempDir Path folder;
  private StandIn standIn;

  @BeforeEach
  void loadStandIn() {
    standIn = StandIn.require();
    StandIn.nameInProperties();
  }

  @AfterEach
  void forget() {
    StandIn.clearProperties();
    standIn.reset();
  }

  @Test
  void endsItsStreamsWithAnErrorAndAsksForARestart() throws Exception {
    Path model = folder.resolve("tiny.gguf");
    RandomModelSpec.tiny().writeTo(model);
    EngineSettings settings =
        EngineSettings.defaults(model)
            .withMemory(EngineSettings.Memory.DEFAULTS.withKvBytes(4L << 20))
            .withDevice(DeviceChoice.CUDA);
    try (Engine engine = LocalEngine.open(settings);
        TestRedis redis = TestRedis.start();
        PlatformUnderTest platform = PlatformUnderTest.start(engine, redis, Map.of())) {
      String key = platform.issueKey(platform.createTenant("Unlucky")).secret();
      assertThat(liveness(platform, key).statusCode()).isEqualTo(200);
      HttpResponse<Stream<String>> answer =
          platform
              .http()
              .send(
                  platform.chatRequest(key, chat(",\"stream\":true,\"max_tokens\":300")),
                  BodyHandlers.ofLines());
      assertThat(answer.statusCode()).isEqualTo(200);
      standIn.fail("cuStreamSynchronize", 1, ILLEGAL_ADDRESS);
      List<String> events = answer.body().filter(line -> !line.isEmpty()).toList();
      assertThat(events.getLast()).contains("\"error\"").contains("internal_error");
      HttpResponse<String> refused = platform.post(key, chat(""));
      assertThat(refused.statusCode()).isEqualTo(500);
      assertThat(refused.body()).contains("internal_error");
      assertThat(liveness(platform, key).statusCode()).isEqualTo(503);
    }
    assertThat(standIn.leaks()).isEmpty();
  }

  private static HttpResponse<String> liveness(PlatformUnderTest platform, String key)
      throws Exception {
    return platform.send(platform.request("/actuator/health/liveness", key).build());
  }
}
