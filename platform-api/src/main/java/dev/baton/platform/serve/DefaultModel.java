package dev.baton.platform.serve;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * The model that is served.
 *
 * @param file GGUF file
 * @param demo whether it is the small one that Baton brings along
 */
record DefaultModel(Path file, boolean demo) {
  static final String RESOURCE = "demo/baton-demo.gguf";

  /**
   * The wanted model, or the demo model, unpacked at the first start.
   *
   * @throws StartFailure when the file is not there, or can not be unpacked
   */
  static DefaultModel choose(@Nullable Path wanted, DataDirectory data) {
    if (wanted == null) {
      return new DefaultModel(unpacked(data.privateDirectory("models")), true);
    }
    if (!Files.isRegularFile(wanted) || !Files.isReadable(wanted)) {
      throw new StartFailure(
          "can not read the model file %s. Give a GGUF file with --model FILE or BATON_MODEL."
              .formatted(wanted));
    }
    return new DefaultModel(wanted, false);
  }

  /**
   * The engine maps files, so the model has to be one; its name tells the models of releases apart.
   */
  private static Path unpacked(Path directory) {
    byte[] model = packaged();
    CRC32 checksum = new CRC32();
    checksum.update(model);
    Path file = directory.resolve("baton-demo-%08x.gguf".formatted(checksum.getValue()));
    try {
      if (!Files.exists(file) || Files.size(file) != model.length) {
        Path fresh = directory.resolve("baton-demo.new");
        Files.write(fresh, model);
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
      }
    } catch (IOException e) {
      throw new StartFailure(
          "can not unpack the demo model to %s (%s). Make room there, give another folder with"
                  .formatted(file, e.getMessage())
              + " --data DIR, or a model of your own with --model FILE.",
          e);
    }
    return file;
  }

  private static byte[] packaged() {
    try (InputStream in = DefaultModel.class.getClassLoader().getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException(RESOURCE + " is not packaged");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new IllegalStateException("can not read " + RESOURCE, e);
    }
  }
}
