package dev.baton.engine.bench;

import com.sun.management.OperatingSystemMXBean;
import dev.baton.engine.backend.cpu.CpuBackend;
import dev.baton.engine.backend.cpu.MachineCeilings;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What a figure is worthless without: program, machine, and what the machine can do at most. */
public final class RunHeader {
  private final Map<String, @Nullable Object> facts = new LinkedHashMap<>();
  private final MachineCeilings ceilings;
  private final ForeignLoad load = ForeignLoad.start();

  private RunHeader(MachineCeilings ceilings) {
    this.ceilings = ceilings;
  }

  /** Describes this run and measures the machine's ceilings, which takes about two seconds. */
  public static RunHeader measure(BenchOptions options) {
    long memory = memoryBytes();
    RunHeader header =
        new RunHeader(
            MachineCeilings.measure(options.threads(), Math.min(options.readBytes(), memory / 8)));
    header.put("started", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    header.put("commit", commit());
    header.put("cpu", cpu());
    header.put("cores", Runtime.getRuntime().availableProcessors());
    header.put("threads", options.threads());
    header.put("memoryGiB", Math.round(memory / (double) (1 << 30)));
    header.put("os", System.getProperty("os.name") + " " + System.getProperty("os.version"));
    header.put(
        "jdk", System.getProperty("java.vendor") + " " + System.getProperty("java.vm.version"));
    header.put("kernels", CpuBackend.kernels());
    header.put("seed", options.seed());
    header.put("repetitions", options.repetitions());
    return header;
  }

  public void put(String name, @Nullable Object value) {
    facts.put(name, value);
  }

  public MachineCeilings ceilings() {
    return ceilings;
  }

  /** Everything, with what others took of the machine until now. */
  Map<String, @Nullable Object> facts() {
    Map<String, @Nullable Object> all = new LinkedHashMap<>(facts);
    all.put("otherProcessesShareOfCpu", load.share());
    Map<String, @Nullable Object> limits = new LinkedHashMap<>();
    limits.put("readGBPerSecondOneCore", ceilings.readBytesPerSecondOne() / 1e9);
    limits.put("readGBPerSecondAllThreads", ceilings.readBytesPerSecondAll() / 1e9);
    limits.put("f32FmaGFlopsOneCore", ceilings.fmaFlopsOne() / 1e9);
    limits.put("f32FmaGFlopsAllThreads", ceilings.fmaFlopsAll() / 1e9);
    all.put("ceilings", limits);
    return all;
  }

  static long memoryBytes() {
    return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
  }

  private static String cpu() {
    return cpuInfo("model name").orElse(System.getProperty("os.arch"));
  }

  /** A field of the first processor, on Linux. */
  static Optional<String> cpuInfo(String field) {
    Path info = Path.of("/proc/cpuinfo");
    if (!Files.isReadable(info)) {
      return Optional.empty();
    }
    try (Stream<String> lines = Files.lines(info, StandardCharsets.UTF_8)) {
      return lines
          .filter(line -> line.startsWith(field))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** Of the checkout that the launcher names; an installed program may have none. */
  private static String commit() {
    String home = System.getProperty("dev.baton.home", "");
    ProcessBuilder git =
        new ProcessBuilder(
                "git", "-C", home.isEmpty() ? "." : home, "describe", "--always", "--dirty")
            .redirectError(ProcessBuilder.Redirect.DISCARD);
    try {
      Process process = git.start();
      String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return process.waitFor() == 0 ? text.strip() : "unknown: no git checkout";
    } catch (IOException e) {
      return "unknown: no git";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "unknown";
    }
  }
}
