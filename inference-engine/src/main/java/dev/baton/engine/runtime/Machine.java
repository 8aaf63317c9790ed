package dev.baton.engine.runtime;

import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/**
 * The memory that this process may take.
 *
 * @param memoryBytes of the machine or container
 * @param directBytes that the JVM allows outside its heap
 */
record Machine(long memoryBytes, long directBytes) {

  static Machine here() {
    OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    HotSpotDiagnosticMXBean vm = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
    long flag = Long.parseLong(vm.getVMOption("MaxDirectMemorySize").getValue());
    long direct = flag > 0 ? flag : Runtime.getRuntime().maxMemory(); // the JVM's own default
    return new Machine(system.getTotalMemorySize(), direct);
  }
}
