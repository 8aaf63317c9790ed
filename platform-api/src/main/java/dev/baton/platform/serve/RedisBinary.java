package dev.baton.platform.serve;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which {@code redis-server} to run: the machine's own from the PATH when it is 6.2 or later, else
 * the one that comes with the embedded-redis library.
 *
 * @param version as the program says, such as 7.0.15
 */
record RedisBinary(Path program, String version) {
  private static final Pattern VERSION = Pattern.compile("v=(\\d+)\\.(\\d+)(\\.\\d+)?");
  private static final String REMEDY =
      "Install Redis 6.2 or later (apt-get install redis-server, brew install redis), or name a"
          + " running one with --redis redis://HOST:PORT.";

  static RedisBinary find(Path unpackTo) {
    String path = System.getenv().getOrDefault("PATH", "");
    for (String directory : path.split(Pattern.quote(File.pathSeparator))) {
      Path program = Path.of(directory.isEmpty() ? "." : directory, "redis-server");
      if (Files.isExecutable(program)) {
        Optional<RedisBinary> found = probe(program);
        if (found.isPresent()) {
          return found.get();
        }
      }
    }
    return embedded(unpackTo);
  }

  /** The program and its version, when it runs and is recent enough. */
  private static Optional<RedisBinary> probe(Path program) {
    try {
      String output = versionOf(program);
      Matcher version = VERSION.matcher(output);
      if (!version.find()) {
        return Optional.empty();
      }
      int major = Integer.parseInt(version.group(1));
      int minor = Integer.parseInt(version.group(2));
      boolean recent = major > 6 || (major == 6 && minor >= 2);
      return recent
          ? Optional.of(new RedisBinary(program, version.group().substring(2)))
          : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  static RedisBinary embedded(Path unpackTo) {
    String resource = embeddedResource();
    if (resource == null) {
      throw new StartFailure(
          "found no redis-server on the PATH, and none is embedded for this system. " + REMEDY);
    }
    Path program = unpackTo.resolve("redis-server");
    try (InputStream in = RedisBinary.class.getResourceAsStream("/" + resource)) {
      if (in == null) {
        throw new StartFailure(
            "found no redis-server on the PATH, and the embedded one is not packaged. " + REMEDY);
      }
      Files.createDirectories(unpackTo);
      Files.copy(in, program, StandardCopyOption.REPLACE_EXISTING);
      if (!program.toFile().setExecutable(true)) {
        throw new IOException("can not make it executable");
      }
      String output = versionOf(program);
      Matcher version = VERSION.matcher(output);
      if (version.find()) {
        return new RedisBinary(program, version.group().substring(2));
      }
      String line = output.lines().findFirst().orElse("no output").strip();
      String library =
          output.contains("libssl") || output.contains("libcrypto")
              ? " It needs OpenSSL 3 (apt-get install libssl3)."
              : "";
      throw new StartFailure(
          "found no redis-server on the PATH, and the embedded one does not run here: %s.%s %s"
              .formatted(line, library, REMEDY));
    } catch (IOException e) {
      throw new StartFailure(
          "found no redis-server on the PATH, and can not unpack the embedded one to %s: %s. %s"
              .formatted(program, e.getMessage(), REMEDY),
          e);
    }
  }

  private static @Nullable String embeddedResource() {
    String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    String arch = System.getProperty("os.arch");
    boolean arm = arch.equals("aarch64");
    boolean intel = arch.equals("amd64") || arch.equals("x86_64");
    if (os.contains("linux") && intel) {
      return "redis-server-6.2.6-v5-linux-amd64";
    }
    if (os.contains("linux") && arm) {
      return "redis-server-6.2.7-linux-arm64";
    }
    if (os.contains("mac") && intel) {
      return "redis-server-6.2.6-v5-darwin-amd64";
    }
    return os.contains("mac") && arm ? "redis-server-6.2.6-v5-darwin-arm64" : null;
  }

  private static String versionOf(Path program) throws IOException {
    Process process =
        new ProcessBuilder(program.toString(), "--version").redirectErrorStream(true).start();
    return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }
}
