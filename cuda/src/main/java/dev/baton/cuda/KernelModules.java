package dev.baton.cuda;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.baton.cuda.Kernel.Signature;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import org.jspecify.annotations.Nullable;

/**
 * The kernels' code on a GPU.
 *
 * <p>A build with nvcc holds, for each source, a fatbin (machine code for the architectures in use)
 * and PTX (text that the driver compiles). The fatbin is tried first; a driver older than the
 * fatbin or a GPU newer than it refuses it, and gets the PTX.
 */
final class KernelModules {
  private static final String RESOURCES = "kernels/";
  private static final String INDEX = "kernels.index"; // names of the sources, one a line

  /** Refusals that another form of the same code may overcome. */
  private static final Set<Integer> WRONG_FORM = Set.of(200, 209, 218, 222, 223);

  private static final int NOT_FOUND = 500;

  private static final int PTX_HEAD_BYTES = 1024;
  private static final Pattern TOOLKIT =
      Pattern.compile("Cuda compilation tools, release ([0-9.]+)");
  private static final Pattern PTX_VERSION = Pattern.compile("(?m)^\\.version ([0-9.]+)");

  private final List<CUmodule> modules = new ArrayList<>();
  private final Arena arena = Arena.ofShared();

  private KernelModules() {}

  /**
   * Loads all kernels.
   *
   * @throws CudaUnavailableException when there are none for this GPU, with what would help
   */
  static KernelModules load(Gpu gpu) {
    KernelModules loaded = new KernelModules();
    gpu.onClose(loaded.arena::close);
    Path given = gpu.settings().kernels();
    if (given != null && Files.isRegularFile(given)) {
      loaded.modules.add(loadAny(gpu, given.toString(), List.of(read(given))));
      return loaded;
    }
    String missing = missing(given);
    byte[] index = find(given, INDEX);
    if (index == null || !missing.isEmpty()) {
      throw new CudaUnavailableException(missing);
    }
    for (String name : new String(index, UTF_8).lines().toList()) {
      List<byte[]> forms = new ArrayList<>();
      byte[] fatbin = find(given, name + ".fatbin");
      if (fatbin != null) {
        forms.add(fatbin);
      }
      byte[] ptx = find(given, name + ".ptx");
      if (ptx != null) {
        forms.add(Arrays.copyOf(ptx, ptx.length + 1)); // PTX ends with a zero
      }
      loaded.modules.add(loadAny(gpu, name, forms));
    }
    return loaded;
  }

  /** Why there are no kernels; empty when there are. */
  static String missing(@Nullable Path given) {
    if (given != null && Files.isRegularFile(given)) {
      return "";
    }
    byte[] index = find(given, INDEX);
    if (given != null) {
      return index == null
          ? "there are no GPU kernels in %s: %s is missing".formatted(given, INDEX)
          : "";
    }
    return index == null
            || find(null, new String(index, UTF_8).lines().findFirst().orElse("") + ".ptx") == null
        ? "this build has no GPU kernels: it was made on a machine without nvcc. Build where nvcc is, or name the"
            + " kernels of such a build in baton.cuda.kernels"
        : "";
  }

  private static CUmodule loadAny(Gpu gpu, String name, List<byte[]> forms) {
    List<String> refusals = new ArrayList<>();
    for (byte[] form : forms) {
      try {
        return gpu.load(form);
      } catch (CudaException e) {
        if (!WRONG_FORM.contains(e.code())) {
          throw e;
        }
        refusals.add(e.getMessage());
      }
    }
    throw new CudaUnavailableException(
        ("the kernels '%s'%s do not load on %s with a driver for CUDA %s: %s. Update the NVIDIA driver, or build"
                + " Baton for this GPU")
            .formatted(
                name,
                forms.isEmpty() ? "" : builtBy(forms.getLast()),
                gpu.description().name(),
                Gpu.version(gpu.driverVersion()),
                refusals.isEmpty()
                    ? "the build has neither fatbin nor PTX"
                    : String.join("; ", refusals)));
  }

  /** The versions that PTX names at its beginning; empty for other forms. */
  private static String builtBy(byte[] form) {
    String head = new String(form, 0, Math.min(form.length, PTX_HEAD_BYTES), ISO_8859_1);
    Matcher toolkit = TOOLKIT.matcher(head);
    Matcher language = PTX_VERSION.matcher(head);
    return toolkit.find() && language.find()
        ? " (machine code of CUDA %s, PTX %s)".formatted(toolkit.group(1), language.group(1))
        : "";
  }

  /** A kernel of any module. */
  Kernel kernel(Signature signature) {
    return new Kernel(arena, function(signature.name()), signature);
  }

  /** A kernel that takes up to so much dynamic shared memory, over the 48 KiB that all may. */
  Kernel kernel(Signature signature, int sharedBytes) {
    CUfunction function = function(signature.name());
    Driver.allowDynamicShared(function, sharedBytes);
    return new Kernel(arena, function, signature);
  }

  private CUfunction function(String name) {
    for (CUmodule module : modules) {
      try {
        return Driver.function(module, name);
      } catch (CudaException e) {
        if (e.code() != NOT_FOUND) {
          throw e;
        }
      }
    }
    throw new CudaUnavailableException(
        "the GPU kernels lack '%s': they are of another version of Baton. Build them again"
            .formatted(name));
  }

  private static byte @Nullable [] find(@Nullable Path folder, String name) {
    if (folder != null) {
      Path file = folder.resolve(name);
      return Files.isRegularFile(file) ? read(file) : null;
    }
    try (InputStream in = KernelModules.class.getResourceAsStream(RESOURCES + name)) {
      return in == null ? null : in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] read(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UncheckedIOException("GPU kernels " + file, e);
    }
  }
}
