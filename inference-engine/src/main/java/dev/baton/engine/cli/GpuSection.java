package dev.baton.engine.cli;

import dev.baton.cuda.CudaDiscovery;
import dev.baton.cuda.CudaDiscovery.CudaDevice;
import dev.baton.cuda.CudaDiscovery.Found;
import dev.baton.cuda.CudaDiscovery.Unavailable;
import dev.baton.cuda.CudaSettings;
import dev.baton.cuda.Gpu;
import java.util.LinkedHashMap;
import java.util.Map;

/** The GPUs, and whether the engine would compute on one. */
final class GpuSection implements DoctorCommand.Section {

  @Override
  public String title() {
    return "gpu";
  }

  @Override
  public Map<String, Object> findings() {
    CudaSettings settings = CudaSettings.fromProperties();
    CudaDiscovery discovery = CudaDiscovery.discover(settings);
    Map<String, Object> findings = new LinkedHashMap<>();
    switch (discovery) {
      case Unavailable none -> {}
      case Found found -> {
        findings.put(
            "driver",
            "CUDA %d.%d"
                .formatted(found.driverVersion() / 1000, found.driverVersion() % 1000 / 10));
        for (CudaDevice device : found.devices()) {
          findings.put(
              "gpu " + device.ordinal(),
              "%s, compute capability %.1f, %d MiB"
                  .formatted(
                      device.name(),
                      device.computeCapability() / 10.0,
                      device.memoryBytes() >> 20));
        }
      }
    }
    String reason = Gpu.unusable(discovery, settings);
    if (reason.isEmpty()) {
      reason = Gpu.withoutKernels(settings);
    }
    findings.put("usable", reason.isEmpty() ? "yes, with baton.engine.device=auto or cuda" : "no");
    if (!reason.isEmpty()) {
      findings.put("why", reason);
    }
    return findings;
  }
}
