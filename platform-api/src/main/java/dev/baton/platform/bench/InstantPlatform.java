package dev.baton.platform.bench;

import dev.baton.platform.serve.EmbeddedPlatform;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * The process that {@code bench platform} measures: the platform around an {@link InstantEngine},
 * with a heap of its own. It says {@code port N}, answers each line {@code heap} with the bytes
 * that live after a collection, and ends with its input.
 */
public final class InstantPlatform {
  private InstantPlatform() {}

  /**
   * Serves until its input ends.
   *
   * @param args a directory for Redis, the admin token, and settings as {@code key=value}
   */
  public static void main(String[] args) throws IOException {
    Map<String, Object> settings = settings(args);
    try (InstantEngine engine = new InstantEngine();
        EmbeddedPlatform platform = EmbeddedPlatform.start(engine, Path.of(args[0]), settings);
        BufferedReader commands =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      System.out.println("port " + platform.port());
      while (commands.readLine() != null) {
        ManagementFactory.getMemoryMXBean().gc();
        long live = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
        System.out.println("heap " + live);
      }
    }
  }

  private static Map<String, Object> settings(String[] args) {
    Map<String, Object> settings = new HashMap<>();
    settings.put("server.address", "127.0.0.1");
    settings.put("server.port", 0);
    settings.put("baton.admin.token", args[1]);
    for (int i = 2; i < args.length; i++) {
      String[] setting = args[i].split("=", 2);
      settings.put(setting[0], setting[1]);
    }
    return settings;
  }
}
