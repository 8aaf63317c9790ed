package dev.baton.engine.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code baton doctor}. */
@Command(
    name = "doctor",
    header = "Says what this machine offers, which kernels run and why.",
    description =
        "One section a subject; with --json one object of objects. Exit code 1 when something would "
            + "keep the engine from starting.",
    footerHeading = "%nExamples:%n",
    footer = {"  baton doctor", "  baton doctor --model model.gguf --json"})
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class DoctorCommand implements Runnable {
  private final Terminal terminal;

  @Option(names = "--model", paramLabel = "FILE", description = "GGUF model file to look at, too.")
  private @Nullable Path model;

  @Option(names = "--json", description = "Print one object.")
  private boolean json;

  /** A subject: its name, and what was found, in order. */
  interface Section {
    String title();

    Map<String, Object> findings();
  }

  DoctorCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public void run() {
    List<Section> sections =
        List.of(new CpuSection(), new GpuSection(), new MemorySection(), new ModelSection(model));
    Map<String, Object> report = new LinkedHashMap<>();
    for (Section section : sections) {
      Map<String, Object> findings = section.findings();
      if (!findings.isEmpty()) {
        report.put(section.title(), findings);
      }
    }
    if (json) {
      terminal.print(JsonText.line(report));
    } else {
      report.forEach((title, findings) -> terminal.print(text(title, findings)));
    }
  }

  private static String text(String title, Object findings) {
    StringBuilder text = new StringBuilder(title).append('\n');
    ((Map<?, ?>) findings)
        .forEach((name, found) -> text.append("  %-12s %s%n".formatted(name, found)));
    return text.toString();
  }
}
