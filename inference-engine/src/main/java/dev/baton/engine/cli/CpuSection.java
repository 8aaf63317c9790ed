package dev.baton.engine.cli;

import dev.baton.engine.backend.cpu.KernelChoice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The processor, and what the engine computes with on it. */
final class CpuSection implements DoctorCommand.Section {
  /** Features that decide about kernels, as Linux writes them. */
  private static final List<String> FEATURES =
      List.of(
          "avx2",
          "fma",
          "f16c",
          "avx_vnni",
          "avx512f",
          "avx512bw",
          "avx512dq",
          "avx512vl",
          "avx512_vnni",
          "avx512_bf16",
          "avx512_fp16",
          "amx_tile",
          "amx_bf16",
          "amx_int8");

  @Override
  public String title() {
    return "cpu";
  }

  @Override
  public Map<String, Object> findings() {
    Map<String, Object> findings = new LinkedHashMap<>();
    findings.put("model", processor("model name"));
    List<String> flags = Arrays.asList(processor("flags").split(" ", -1));
    findings.put("features", String.join(" ", FEATURES.stream().filter(flags::contains).toList()));
    findings.put(
        "threads", Runtime.getRuntime().availableProcessors() + " that the engine may use");
    KernelChoice kernels = KernelChoice.here();
    findings.put("kernels", kernels.set().title());
    findings.put("why", kernels.reason());
    return findings;
  }

  /** The first processor's line of this name; empty where there is none. */
  private static String processor(String name) {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/cpuinfo"))) {
        int colon = line.indexOf(':');
        if (colon > 0 && line.substring(0, colon).strip().equals(name)) {
          return line.substring(colon + 1).strip();
        }
      }
    } catch (IOException e) {
      return System.getProperty("os.arch", "");
    }
    return "";
  }
}
