package dev.baton.admin.http;

import java.net.URI;
import java.net.URISyntaxException;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The identity provider whose JWTs open the admin API.
 *
 * @param issuer as it stands in the tokens' {@code iss}; also where its metadata is found
 * @param jwkSetUri where its keys are, or null to learn that from the issuer's metadata
 * @param audience what must stand in {@code aud}: a token for another service opens nothing here
 * @param rolesClaim where roles stand; a dot leads into an object, as in {@code realm_access.roles}
 * @param rolePrefix what the provider puts before {@code owner}, {@code operator}, {@code auditor}
 */
record OidcSettings(
    @Nullable String issuer,
    @Nullable String jwkSetUri,
    @Nullable String audience,
    @DefaultValue("roles") String rolesClaim,
    @DefaultValue("") String rolePrefix) {
  OidcSettings {
    requireUri("issuer", issuer);
    if (jwkSetUri != null) {
      requireUri("jwk-set-uri", jwkSetUri);
    }
    if (audience == null || audience.isBlank()) {
      throw new IllegalArgumentException(
          "baton.admin.oidc.audience must be set to what the provider puts into 'aud' for Baton");
    }
    if (rolesClaim.isBlank()) {
      throw new IllegalArgumentException("baton.admin.oidc.roles-claim must not be blank");
    }
  }

  private static void requireUri(String name, @Nullable String text) {
    try {
      String scheme = text == null ? "" : String.valueOf(new URI(text).getScheme());
      if (scheme.equals("https") || scheme.equals("http")) {
        return;
      }
    } catch (URISyntaxException e) {
      // Refused below in the same words.
    }
    throw new IllegalArgumentException(
        "baton.admin.oidc." + name + " must be an http or https address, not " + text);
  }
}
