package dev.baton.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.JavaProgram;
import dev.baton.engine.model.RandomModelSpec;
import dev.baton.engine.tensor.TensorType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an engine that has served for a while holds in memory, as the system counts it. */
class ResidentSetTest {
  private static final long KV_BYTES = 256L << 20;
  private static final long REST_BYTES = 400L << 20; // the JVM, its heap, buffers of a step

  @TempDir private Path folder;

  /** Large enough that weights held twice would break the bound. */
  @Test
  void isTheModelFileTheKvPoolAndNoMoreThan400MiB() throws IOException, InterruptedException {
    Assumptions.assumeTrue(Files.isReadable(Path.of("/proc/self/status")), "no /proc here");
    Path model = folder.resolve("300m.gguf");
    RandomModelSpec.tiny()
        .layerCount(24)
        .modelDim(1024)
        .headCount(16)
        .kvHeadCount(4)
        .headDim(64)
        .ffnDim(4096)
        .contextLength(2048)
        .tied(true)
        .type(TensorType.Q8_0)
        .writeTo(model);
    assertThat(Files.size(model)).isGreaterThan(350L << 20);
    List<String> options = new ArrayList<>(List.of("-Xmx1g"));
    String library = System.getProperty("baton.engine.kernels.library");
    if (library != null) {
      options.add("-Dbaton.engine.kernels.library=" + library);
    }
    List<String> resident =
        JavaProgram.run(
            List.of(),
            options,
            SteadyEngine.class,
            List.of(model.toString(), String.valueOf(KV_BYTES)));
    assertThat(resident)
        .hasSize(4)
        .allSatisfy(bytes ->
            assertThat(Long.parseLong(bytes))
                .isLessThanOrEqualTo(Files.size(model) + KV_BYTES + REST_BYTES));
    System.out.printf(
        "resident: %s, model file %d, KV %d bytes%n", resident, Files.size(model), KV_BYTES);
  }
}
