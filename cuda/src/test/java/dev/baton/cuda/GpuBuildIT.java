package dev.baton.cuda;

import static java.nio.charset.StandardCharsets.UTF_8;
import static jcuda.nvptxcompiler.JNvPTXCompiler.nvPTXCompilerCompile;
import static jcuda.nvptxcompiler.JNvPTXCompiler.nvPTXCompilerCreate;
import static jcuda.nvptxcompiler.JNvPTXCompiler.nvPTXCompilerDestroy;
import static jcuda.nvptxcompiler.JNvPTXCompiler.nvPTXCompilerGetErrorLog;
import static jcuda.nvptxcompiler.JNvPTXCompiler.nvPTXCompilerGetErrorLogSize;
import static jcuda.nvptxcompiler.JNvPTXCompiler.setExceptionsEnabled;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import jcuda.nvptxcompiler.nvPTXCompileResult;
import jcuda.nvptxcompiler.nvPTXCompilerHandle;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * What nvcc made of the kernels, where it is: the PTX that drivers too old for the fatbin get is
 * accepted by the PTX compiler of CUDA 12.0, which JCuda's natives carry; no kernel spills.
 */
final class GpuBuildIT {
  private static final Path BUILT = StandIn.file("../gpu").normalize();

  @TestFactory
  Stream<DynamicTest> olderDriversCompileThePtx() throws IOException {
    setExceptionsEnabled(false);
    return kernels().map(name -> dynamicTest(name, () -> assertThat(compile(name)).isEmpty()));
  }

  @TestFactory
  Stream<DynamicTest> noKernelSpillsRegistersOnAnyArchitecture() throws IOException {
    return kernels()
        .map(name ->
            dynamicTest(
                name,
                () ->
                    assertThat(Files.readString(BUILT.resolve(name + ".fatbin.log")))
                        .contains("0 bytes spill stores")
                        .doesNotContainPattern("[1-9][0-9]* bytes spill")));
  }

  private static Stream<String> kernels() throws IOException {
    Path index = BUILT.resolve("kernels.index");
    assumeTrue(Files.exists(index), "no GPU kernels were built: there is no nvcc");
    return Files.readAllLines(index).stream();
  }

  /** What the compiler complains of. */
  private static String compile(String name) throws IOException {
    byte[] ptx = Files.readAllBytes(BUILT.resolve(name + ".ptx"));
    assertThat(new String(ptx, UTF_8)).contains(".version 7.8", ".target sm_80");
    byte[] text = Arrays.copyOf(ptx, ptx.length + 1); // ends with a zero
    nvPTXCompilerHandle compiler = new nvPTXCompilerHandle();
    assertThat(nvPTXCompilerCreate(compiler, text.length, text)).isZero();
    try {
      String[] options = {"--gpu-name=sm_80", "--opt-level=0"}; // for its verdict, not its code
      int result = nvPTXCompilerCompile(compiler, options.length, options);
      return result == nvPTXCompileResult.NVPTXCOMPILE_SUCCESS ? "" : log(compiler);
    } finally {
      nvPTXCompilerDestroy(compiler);
    }
  }

  private static String log(nvPTXCompilerHandle compiler) {
    long[] length = new long[1];
    nvPTXCompilerGetErrorLogSize(compiler, length);
    byte[] log = new byte[(int) length[0] + 1];
    nvPTXCompilerGetErrorLog(compiler, log);
    return "refused: " + new String(log, UTF_8);
  }
}
