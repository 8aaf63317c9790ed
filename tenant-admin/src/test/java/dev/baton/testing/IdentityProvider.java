package dev.baton.testing;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Map;

/** An identity provider on loopback: its metadata, its keys, and the access tokens it signs. */
public final class IdentityProvider implements AutoCloseable {
  private static final String KEY_ID = "k1";

  private final HttpServer server;
  private final RSAKey key;
  private final String issuer;
  private final String audience;

  private IdentityProvider(HttpServer server, RSAKey key, String audience) {
    this.server = server;
    this.key = key;
    this.audience = audience;
    issuer = "http://127.0.0.1:" + server.getAddress().getPort();
    serve(
        "/.well-known/openid-configuration",
        """
        {"issuer":"%1$s","jwks_uri":"%1$s/keys","subject_types_supported":["public"],
         "authorization_endpoint":"%1$s/a","token_endpoint":"%1$s/t",
         "response_types_supported":["code"],"id_token_signing_alg_values_supported":["RS256"]}
        """
            .formatted(issuer));
    serve("/keys", new JWKSet(key.toPublicJWK()).toString());
    server.start();
  }

  public static IdentityProvider start(String audience) throws IOException, JOSEException {
    return new IdentityProvider(
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0),
        newKey(),
        audience);
  }

  /** A key with the id of a provider's. */
  public static RSAKey newKey() throws JOSEException {
    return new RSAKeyGenerator(2048).keyID(KEY_ID).generate();
  }

  public String issuer() {
    return issuer;
  }

  /** What it says of {@code user-17}, who has the role. */
  public JWTClaimsSet claims(String role) {
    return new JWTClaimsSet.Builder()
        .issuer(issuer)
        .subject("user-17")
        .audience(audience)
        .expirationTime(Date.from(Instant.now().plusSeconds(300)))
        .claim("realm_access", Map.of("roles", List.of(role)))
        .build();
  }

  /** An access token for whoever has the role. */
  public String token(String role) throws JOSEException {
    return sign(key, claims(role));
  }

  public String sign(JWTClaimsSet claims) throws JOSEException {
    return sign(key, claims);
  }

  /** A token as a provider with this key signs it. */
  public static String sign(RSAKey signer, JWTClaimsSet claims) throws JOSEException {
    SignedJWT jwt =
        new SignedJWT(new JWSHeader.Builder(JWSAlgorithm.RS256).keyID(KEY_ID).build(), claims);
    jwt.sign(new RSASSASigner(signer));
    return jwt.serialize();
  }

  private void serve(String path, String json) {
    byte[] body = json.getBytes(StandardCharsets.UTF_8);
    server.createContext(
        path,
        exchange -> {
          exchange.getResponseHeaders().set("Content-Type", "application/json");
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
