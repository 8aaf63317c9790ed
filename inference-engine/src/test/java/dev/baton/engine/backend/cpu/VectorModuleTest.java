package dev.baton.engine.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.JavaProgram;
import java.nio.charset.StandardCharsets;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import org.junit.jupiter.api.Test;

/** In JVMs of their own, which begin without the module, as the launcher starts them. */
class VectorModuleTest {
  private static final String INTERNAL_DOOR =
      "--add-exports=java.base/jdk.internal.module=ALL-UNNAMED";

  @Test
  void addsTheModuleToARunningJvm() throws Exception {
    assertThat(run(INTERNAL_DOOR)).isEqualTo("10.0");
  }

  @Test
  void findsTheModuleThatTheCommandLineAskedFor() throws Exception {
    assertThat(run("--add-modules=jdk.incubator.vector")).endsWith("10.0");
  }

  @Test
  void saysWhatToDoWhereTheJvmWillNotHaveIt() throws Exception {
    assertThat(run()).contains("--add-modules jdk.incubator.vector");
  }

  private static String run(String... options) throws Exception {
    List<String> command = JavaProgram.command(List.of(options), Begin.class);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    process.waitFor();
    return output;
  }

  /** Names no class of the module, so that it can be loaded before the module is there. */
  static final class Begin {
    private Begin() {}

    public static void main(String[] args) {
      VectorModule.require();
      System.out.println(Sum.ofFirstFour());
    }
  }

  private static final class Sum {
    private Sum() {}

    static float ofFirstFour() {
      float[] values = {1, 2, 3, 4};
      return FloatVector.fromArray(FloatVector.SPECIES_128, values, 0)
          .reduceLanes(VectorOperators.ADD);
    }
  }
}
