package dev.baton.engine.cli;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Memory of the machine or container, and of the JVM. */
final class MemorySection implements DoctorCommand.Section {
  private static final Path HUGE_PAGES = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");
  private static final Path CGROUP_MEMORY = Path.of("/sys/fs/cgroup/memory.max");
  private static final Path CGROUP_CPU = Path.of("/sys/fs/cgroup/cpu.max");

  @Override
  public String title() {
    return "memory";
  }

  @Override
  public Map<String, Object> findings() {
    OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    Map<String, Object> findings = new LinkedHashMap<>();
    findings.put("total", mebibytes(system.getTotalMemorySize()));
    findings.put("free", mebibytes(system.getFreeMemorySize()) + ", and what the system caches");
    findings.put("java heap", "at most " + mebibytes(Runtime.getRuntime().maxMemory()));
    findings.put("huge pages", line(HUGE_PAGES));
    findings.put("container", "memory %s, cpu %s".formatted(line(CGROUP_MEMORY), line(CGROUP_CPU)));
    return findings;
  }

  private static String mebibytes(long bytes) {
    return (bytes >> 20) + " MiB";
  }

  private static String line(Path file) {
    try {
      return Files.readString(file).strip();
    } catch (IOException e) {
      return "not limited here";
    }
  }
}
