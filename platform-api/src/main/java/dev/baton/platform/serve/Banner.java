package dev.baton.platform.serve;

import dev.baton.engine.EngineModel;
import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a start says: where everything is, and lines to try it with.
 *
 * @param adminPort where the console is; the tenants' port unless operators have their own
 * @param upMillis how long the JVM has run
 */
record Banner(
    String host, int port, int adminPort, EngineModel model, DefaultModel source, long upMillis) {
  private static final double MILLIS_PER_SECOND = 1000;
  private static final List<String> QUESTIONS =
      List.of("When are you open on Wednesday?", "How much is the late fee?");

  void print(PrintStream out, AdminToken token, DemoTenants.Keys keys, Optional<OwnRedis> redis) {
    String url = "http://%s:%d".formatted(reachable(), port);
    StringBuilder text = new StringBuilder("\n");
    text.append("Baton serves ").append(model.id()).append(" at ").append(url).append("\n\n");
    line(text, "Tenant API", url + "/v1");
    line(text, "Console", "http://%s:%d/console/".formatted(reachable(), adminPort));
    line(text, "API docs", url + "/docs");
    line(
        text,
        "Admin token",
        token.file() == null ? "as given in BATON_ADMIN_TOKEN" : "in " + token.file());
    line(
        text,
        "Store",
        redis.map(own -> "own Redis " + own.version()).orElse("the Redis of --redis"));
    line(text, "Ready", "%.1f s after its JVM began".formatted(upMillis / MILLIS_PER_SECOND));
    if (source.demo()) {
      text.append(
          """

          No --model was given, so Baton's small demo model answers: it looks facts up in its tenant's
          prompt, and nothing more. Serve a real one with ./baton serve --model FILE.gguf
          """);
    }
    if (!keys.byTenant().isEmpty()) {
      text.append("\nDemo tenants, made because the store was empty (keys also in ")
          .append(keys.file())
          .append("):\n");
      for (Map.Entry<String, String> key : keys.byTenant().entrySet()) {
        line(text, key.getKey(), key.getValue());
      }
      text.append("\nTry it: the same questions to both, each answers from its own prompt.\n");
      for (String question : QUESTIONS) {
        for (String key : keys.byTenant().values()) {
          text.append(curl(url, key, question));
        }
      }
      text.append("\nor:  ./baton chat --tenant '")
          .append(keys.byTenant().keySet().iterator().next())
          .append("'\n");
    } else if (keys.file() != null) {
      text.append("\nDemo tenants' keys are in ").append(keys.file()).append('\n');
    }
    text.append("\nCtrl-C stops it when running answers have ended.\n");
    out.print(text);
    out.flush();
  }

  private static void line(StringBuilder text, String what, String value) {
    text.append("  %-14s %s%n".formatted(what, value));
  }

  private static String curl(String url, String key, String question) {
    // One line, so that a double click takes it whole.
    return "curl -N %s/v1/chat/completions -H 'Authorization: Bearer %s' ".formatted(url, key)
        + "-H 'Content-Type: application/json' -d '{\"model\":\"default\",\"stream\":true,\"temperature\":0,"
        + "\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]}'\n".formatted(question);
  }

  /** An address that works from this machine also when every interface is listened on. */
  private String reachable() {
    if (host.equals("0.0.0.0") || host.equals("::")) {
      return "127.0.0.1";
    }
    return host.contains(":") ? "[" + host + "]" : host;
  }
}
