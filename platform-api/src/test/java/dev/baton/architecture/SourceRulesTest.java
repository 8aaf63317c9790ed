package dev.baton.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the compiler does not see: line length, leftovers, skipped tests, catch-alls. */
final class SourceRulesTest {

  private static final int MAX_COLUMNS = 120;
  private static final Set<String> MODULES =
      Set.of("cuda", "inference-engine", "tenant-admin", "platform-api");

  // Spelled apart, so that this file does not find itself.
  private static final Pattern LEFTOVER = Pattern.compile("\\b(TO" + "DO|FIX" + "ME|XX" + "X)\\b");
  private static final Pattern COMMENTED_CODE = Pattern.compile("^\\s*//.*(;|\\{|\\)\\s*\\{)\\s*$");
  private static final Pattern SKIPPED =
      Pattern.compile("@Disab" + "led|@Ign" + "ore|assumeTr" + "ue\\(false");
  private static final Pattern SLEEP = Pattern.compile("Thread\\.sl" + "eep\\(");
  private static final Pattern CATCH_ALL = Pattern.compile("catch \\(Excep" + "tion [a-z]+\\)");

  /** Closes AutoCloseables, whose close() declares Exception, and must go on to the next one. */
  private static final String MAY_CATCH_ALL = "platform/serve/Closeables.java";

  private record Line(Path file, int number, String text) {
    @Override
    public String toString() {
      return file + ":" + number + ": " + text.strip();
    }
  }

  @Test
  void linesFitTheScreen() {
    assertThat(lines(line -> line.text().length() > MAX_COLUMNS)).isEmpty();
  }

  @Test
  void nothingIsLeftForLater() {
    assertThat(lines(line -> LEFTOVER.matcher(line.text()).find())).isEmpty();
  }

  @Test
  void noCodeIsCommentedOut() {
    assertThat(lines(line -> COMMENTED_CODE.matcher(line.text()).find())).isEmpty();
  }

  @Test
  void noTestIsSwitchedOff() {
    assertThat(lines(line -> SKIPPED.matcher(line.text()).find())).isEmpty();
  }

  @Test
  void nobodySleeps() {
    assertThat(lines(line -> SLEEP.matcher(line.text()).find())).isEmpty();
  }

  @Test
  void nobodyCatchesEverythingAndGoesOn() {
    assertThat(
            lines(line ->
                line.file().toString().contains("/main/")
                    && !line.file().endsWith(MAY_CATCH_ALL)
                    && CATCH_ALL.matcher(line.text()).find()))
        .isEmpty();
  }

  private static List<Line> lines(Predicate<Line> wanted) {
    List<Line> found = new ArrayList<>();
    for (Path file : sources()) {
      List<String> text = read(file);
      for (int i = 0; i < text.size(); i++) {
        Line line = new Line(root().relativize(file), i + 1, text.get(i));
        if (wanted.test(line)) {
          found.add(line);
        }
      }
    }
    return found;
  }

  private static List<Path> sources() {
    List<Path> sources = new ArrayList<>();
    for (String module : MODULES) {
      try (Stream<Path> files = Files.walk(root().resolve(module).resolve("src"))) {
        files.filter(file -> file.toString().endsWith(".java")).forEach(sources::add);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    assertThat(sources).as("sources found").hasSizeGreaterThan(50);
    return sources;
  }

  private static List<String> read(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path root() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.exists(folder.resolve("inference-engine"))) {
      folder = Objects.requireNonNull(folder.getParent(), "not inside Baton's sources");
    }
    return folder;
  }
}
