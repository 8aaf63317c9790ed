package dev.baton.admin.storage;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.springframework.data.redis.core.script.RedisScript;

/** Makes Lua scripts, at the level of Redis 6.2, that answer with an array of strings. */
public final class Scripts {
  private Scripts() {}

  @SuppressWarnings({"unchecked", "rawtypes"}) // Redis' answer has no element type
  public static RedisScript<List<String>> of(String lua) {
    return (RedisScript) RedisScript.of(lua, List.class);
  }

  /** The text of a script that lies beside a class. */
  public static String text(Class<?> beside, String name) {
    try (InputStream in = beside.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException(name + " is not packaged beside " + beside);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
