package dev.baton.platform.bench;

import java.net.URI;
import org.jspecify.annotations.Nullable;

/**
 * Where a tenant's requests go.
 *
 * @param key API key, or null where the server asks for none
 * @param systemPrompt sent with each request where the server knows no tenants, else null
 */
record ChatTarget(URI url, @Nullable String key, @Nullable String systemPrompt) {
  @Override
  public String toString() {
    return "ChatTarget[" + url + "]";
  }
}
