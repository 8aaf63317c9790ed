package dev.baton.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.baton.platform.serve.TestRedis;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * OpenAI's own Node client, unmodified, against the platform. Needs node 18, npm and npm's registry
 * or its cache; aborted with the reason where they are not at hand.
 */
@Timeout(240)
class OpenAiNodeSdkIT {
  private static final Path SUITE = Path.of("src/test/sdk-node");

  @TempDir private Path directory;

  @Test
  void passesItsSuiteAndLeavesNothingRunning() throws Exception {
    assumeTrue(works("node", "--version"), "no node on this machine");
    assumeTrue(works("npm", "--version"), "no npm on this machine");
    for (String file : List.of("package.json", "package-lock.json", "suite.mjs")) {
      Files.copy(SUITE.resolve(file), directory.resolve(file));
    }
    assumeTrue(
        works("npm", "ci", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=1"),
        "npm can not fetch the client: " + log("npm"));
    try (ScenarioEngine engine = new ScenarioEngine();
        TestRedis redis = TestRedis.start();
        PlatformUnderTest platform = PlatformUnderTest.start(engine, redis, Map.of())) {
      String key = platform.issueKey(platform.createTenant("Node")).secret();
      int status = run("node", "suite.mjs", platform.url() + "/v1", key);
      assertThat(status).as(log("node")).isZero();
      awaitIdle(engine);
    }
  }

  /** The client's aborts reach the engine. */
  private static void awaitIdle(ScenarioEngine engine) {
    long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (!engine.idle()) {
      assertThat(System.nanoTime()).as("generations go on without readers").isLessThan(deadline);
      LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
    }
  }

  private boolean works(String... command) throws InterruptedException {
    try {
      return run(command) == 0;
    } catch (IOException e) {
      return false;
    }
  }

  private int run(String... command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(Redirect.to(directory.resolve(command[0] + ".log").toFile()))
            .start();
    if (!process.waitFor(120, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError(command[0] + " did not end: " + log(command[0]));
    }
    return process.exitValue();
  }

  private String log(String program) throws IOException {
    Path log = directory.resolve(program + ".log");
    return Files.exists(log) ? Files.readString(log) : "";
  }
}
