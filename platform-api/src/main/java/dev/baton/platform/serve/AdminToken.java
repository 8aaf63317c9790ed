package dev.baton.platform.serve;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The operator's credential.
 *
 * @param file where it is kept, or null when it was given from outside
 */
record AdminToken(String value, @Nullable Path file) {
  private static final String FILE = "admin-token";

  /**
   * From BATON_ADMIN_TOKEN, else from the data directory, where the first start puts a random one.
   */
  static AdminToken choose(DataDirectory data) {
    String given = System.getenv("BATON_ADMIN_TOKEN");
    if (given != null && !given.isBlank()) {
      return new AdminToken(given.strip(), null);
    }
    String value =
        data.read(FILE)
            .orElseGet(() -> {
              String fresh = DataDirectory.secret();
              data.writeSecret(FILE, fresh + "\n");
              return fresh;
            });
    return new AdminToken(value, data.resolve(FILE));
  }

  @Override
  public String toString() {
    return "AdminToken[" + (file == null ? "given" : file) + "]";
  }
}
