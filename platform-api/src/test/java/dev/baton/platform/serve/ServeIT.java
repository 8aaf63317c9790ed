package dev.baton.platform.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code baton serve} and {@code baton chat} as a new user meets them, in processes of their own.
 */
@Timeout(180)
class ServeIT {
  @TempDir private Path directory;

  @Test
  void servesFromAnEmptyDirectoryAndFindsEverythingAgain() throws Exception {
    String curl;
    try (ServeProcess first = serve("--port", "0")) {
      first.awaitLine("Ctrl-C stops it");
      assertThat(first.output()).contains("/console/", "/docs", "data/admin-token", "demo model");
      curl = first.awaitLine("curl -N").strip();
      // At once: the prompt may not be resident yet.
      assertThat(answer(curl)).isEqualTo("On Wednesday we are open from 9:30 to 20:00.");
      String url = first.awaitLine("Baton serves").replaceAll(".* at ", "");
      try (ServeProcess chat =
          ServeProcess.start(directory, "chat", "--tenant", "marlow cycles", "--url", url)) {
        chat.type("Hello\nAnd on Wednesday?\n");
        assertThat(chat.exitStatus()).as(chat.output()).isZero();
      }
      first.kill();
    }
    assertThat(redisRuns()).isTrue();
    for (String secret : new String[] {"admin-token", "demo-keys", "redis/redis.conf"}) {
      assertThat(Files.getPosixFilePermissions(directory.resolve("data").resolve(secret)))
          .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    }

    try (ServeProcess second = serve("--port", port(curl))) {
      second.awaitLine("Ctrl-C stops it");
      assertThat(second.output()).contains("demo-keys").doesNotContain("curl");
      second.awaitLine("warmed 2 active prompts");
      assertThat(answer(curl)).isEqualTo("On Wednesday we are open from 9:30 to 20:00.");
      assertThat(second.terminate()).as(second.output()).isZero();
      assertThat(second.output()).doesNotContain("Exception").doesNotContain("ERROR");
    }
    assertThat(redisRuns()).isFalse();
  }

  @Test
  void saysInOneLineWhyItCannotStart() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      refused("can not listen", "serve", "--port", Integer.toString(taken.getLocalPort()));
    }
    refused("can not read the model file", "serve", "--port", "0", "--model", "missing.gguf");
    Files.writeString(directory.resolve("bad.gguf"), "This is no model.");
    refused("bad.gguf", "serve", "--port", "0", "--model", "bad.gguf");
    refused(
        "does not answer", "serve", "--port", "0", "--redis", "redis://127.0.0.1:" + freePort());
    assertThat(redisRuns()).isFalse();
  }

  @Test
  void explainsBadOptions() throws Exception {
    try (ServeProcess bad = ServeProcess.start(directory, "serve", "--port", "70000")) {
      assertThat(bad.exitStatus()).isEqualTo(2);
      assertThat(bad.output()).contains("--port must be between 0 and 65535", "Usage: baton serve");
    }
    try (ServeProcess bare = ServeProcess.withoutVectorModule(directory)) {
      assertThat(bare.exitStatus()).isEqualTo(1);
      assertThat(bare.output()).contains("--add-modules jdk.incubator.vector");
    }
    try (ServeProcess lost =
        ServeProcess.start(
            directory, "chat", "--key", "x", "--url", "http://127.0.0.1:" + freePort())) {
      lost.type("Hello\n");
      assertThat(lost.exitStatus()).isEqualTo(1);
      assertThat(lost.output()).contains("nothing answers at").doesNotContain("Exception");
    }
  }

  private void refused(String reason, String... arguments) throws Exception {
    try (ServeProcess process = ServeProcess.start(directory, arguments)) {
      assertThat(process.exitStatus()).as(process.output()).isEqualTo(1);
      assertThat(process.output().lines().filter(line -> line.startsWith("baton: ")))
          .singleElement()
          .asString()
          .contains(reason);
      assertThat(process.output()).doesNotContain("\tat ");
    }
  }

  private ServeProcess serve(String... options) throws Exception {
    String[] arguments = new String[options.length + 1];
    arguments[0] = "serve";
    System.arraycopy(options, 0, arguments, 1, options.length);
    return ServeProcess.start(directory, arguments);
  }

  private boolean redisRuns() throws Exception {
    Path pid = directory.resolve("data/redis/redis.pid");
    return Files.exists(pid)
        && ProcessHandle.of(Long.parseLong(Files.readString(pid).strip()))
            .map(OwnRedis::runs)
            .orElse(false);
  }

  private static String port(String curl) {
    return curl.replaceAll(".*http://127.0.0.1:(\\d+)/.*", "$1");
  }

  private static int freePort() throws Exception {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** The whole text of a stream that has ended well. */
  private static String answer(String curl) throws Exception {
    String stream = shell(curl);
    assertThat(stream).contains("data: {").endsWith("data: [DONE]");
    return Pattern.compile("\"content\":\"([^\"]*)\"")
        .matcher(stream)
        .results()
        .map(match -> match.group(1))
        .collect(Collectors.joining());
  }

  private static String shell(String line) throws Exception {
    Process process = new ProcessBuilder("sh", "-c", line.replace("curl -N", "curl -sN")).start();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }
}
