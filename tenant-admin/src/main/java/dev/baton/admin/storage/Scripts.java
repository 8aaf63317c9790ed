package dev.baton.admin.storage;

import java.util.List;
import org.springframework.data.redis.core.script.RedisScript;

/** Makes Lua scripts, at the level of Redis 6.2, that answer with an array of strings. */
public final class Scripts {
  private Scripts() {}

  @SuppressWarnings({"unchecked", "rawtypes"}) // Redis' answer has no element type
  public static RedisScript<List<String>> of(String lua) {
    return (RedisScript) RedisScript.of(lua, List.class);
  }
}
