package dev.baton.admin.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpServer;
import dev.baton.admin.AdminNode;
import dev.baton.testing.RedisServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.http.HttpMethod;
import org.springframework.test.web.reactive.server.WebTestClient;

/** Who may what, by static tokens and by the JWTs of an identity provider that runs here. */
class AdminRolesIT {
  private static final String OPERATOR = "operator-token-0123456789abcdef";
  private static final String AUDITOR = "auditor-token-0123456789abcdef";
  private static final String AUDIENCE = "baton-admin";

  @RegisterExtension static final RedisServer REDIS = RedisServer.durable();

  private static HttpServer provider;
  private static String issuer = "";
  private static RSAKey key;
  private static RSAKey strangersKey;
  private static AdminNode node;

  @BeforeAll
  static void start() throws IOException, JOSEException {
    key = new RSAKeyGenerator(2048).keyID("k1").generate();
    strangersKey = new RSAKeyGenerator(2048).keyID("k1").generate();
    provider = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    issuer = "http://127.0.0.1:" + provider.getAddress().getPort();
    serve(
        "/.well-known/openid-configuration",
        """
        {"issuer":"%1$s","jwks_uri":"%1$s/keys","subject_types_supported":["public"],
         "authorization_endpoint":"%1$s/a","token_endpoint":"%1$s/t",
         "response_types_supported":["code"],"id_token_signing_alg_values_supported":["RS256"]}
        """
            .formatted(issuer));
    serve("/keys", new JWKSet(key.toPublicJWK()).toString());
    provider.start();
    node =
        AdminNode.start(
            REDIS,
            "baton.admin.tokens.olga.token=" + OPERATOR,
            "baton.admin.tokens.olga.role=operator",
            "baton.admin.tokens.alan.token=" + AUDITOR,
            "baton.admin.tokens.alan.role=auditor",
            "baton.admin.oidc.issuer=" + issuer,
            "baton.admin.oidc.audience=" + AUDIENCE,
            "baton.admin.oidc.roles-claim=realm_access.roles",
            "baton.admin.oidc.role-prefix=baton-");
  }

  @AfterAll
  static void stop() {
    node.close();
    provider.stop(0);
  }

  @Test
  void everybodyIsToldWhoTheyAre() throws JOSEException {
    me(AdminNode.TOKEN)
        .jsonPath("$.subject")
        .isEqualTo("admin")
        .jsonPath("$.roles[0]")
        .isEqualTo("owner");
    me(OPERATOR)
        .jsonPath("$.subject")
        .isEqualTo("olga")
        .jsonPath("$.roles")
        .isEqualTo(List.of("operator", "auditor"));
    me(jwt(key, claims("baton-auditor")))
        .jsonPath("$.subject")
        .isEqualTo("user-17")
        .jsonPath("$.roles")
        .isEqualTo(List.of("auditor"));
    me(jwt(key, claims("unrelated"))).jsonPath("$.roles").isEqualTo(List.of());
  }

  @Test
  void eachRoleMayWhatItIsFor() throws JOSEException {
    String tenant = create(OPERATOR, "By an operator");
    Map<String, String> tokens =
        Map.of(
            "owner", jwt(key, claims("baton-owner")),
            "operator", jwt(key, claims("baton-operator")),
            "auditor", AUDITOR,
            "nobody", jwt(key, claims("unrelated")));
    expect(tokens, HttpMethod.GET, "/admin/v1/tenants", Map.of("nobody", 403));
    expect(tokens, HttpMethod.GET, "/admin/v1/audit", Map.of("nobody", 403));
    expect(
        tokens,
        HttpMethod.POST,
        "/admin/v1/tenants/" + tenant + "/suspend",
        Map.of("nobody", 403, "auditor", 403));
    expect(
        tokens,
        HttpMethod.DELETE,
        "/admin/v1/tenants/" + tenant,
        Map.of("nobody", 403, "auditor", 403, "operator", 403));
    expect(
        tokens,
        HttpMethod.POST,
        "/admin/v1/tenants/" + tenant + "/restore",
        Map.of("nobody", 403, "auditor", 403, "operator", 403));
    node.admin()
        .get()
        .uri("/admin/v1/tenants/" + tenant + "/audit")
        .exchange()
        .expectStatus()
        .isOk()
        .expectBody()
        .jsonPath("$.items[-1:].actor")
        .isEqualTo("olga");
  }

  @Test
  void tokensThatAreNotForThisPlatformAreRefusedAlike() throws JOSEException {
    JWTClaimsSet good = claims("baton-owner");
    for (String refused :
        List.of(
            jwt(strangersKey, good),
            jwt(key, new JWTClaimsSet.Builder(good).audience("another-service").build()),
            jwt(key, new JWTClaimsSet.Builder(good).issuer("https://evil.example").build()),
            jwt(
                key,
                new JWTClaimsSet.Builder(good)
                    .expirationTime(Date.from(Instant.now().minusSeconds(120)))
                    .build()),
            jwt(key, new JWTClaimsSet.Builder(good).subject(null).build()),
            unsigned(good),
            "a.b.c",
            OPERATOR + "x")) {
      as(refused)
          .get()
          .uri("/admin/v1/tenants")
          .exchange()
          .expectStatus()
          .isUnauthorized()
          .expectBody()
          .jsonPath("$.type")
          .isEqualTo("urn:baton:problem:unauthenticated");
    }
  }

  @Test
  void aProviderThatIsAwayIsNotTheCallersFault() throws JOSEException {
    try (AdminNode lost =
        AdminNode.start(
            REDIS,
            "baton.admin.oidc.issuer=http://127.0.0.1:9",
            "baton.admin.oidc.audience=" + AUDIENCE)) {
      lost.anonymous()
          .get()
          .uri("/admin/v1/me")
          .header("Authorization", "Bearer " + jwt(key, claims("baton-owner")))
          .exchange()
          .expectStatus()
          .isEqualTo(503);
      lost.admin().get().uri("/admin/v1/me").exchange().expectStatus().isOk();
    }
  }

  private static void expect(
      Map<String, String> tokens, HttpMethod method, String path, Map<String, Integer> refusals) {
    // Whoever is refused goes first, so that nobody finds the work done.
    tokens.forEach((role, token) -> {
      if (refusals.containsKey(role)) {
        assertThat(status(token, method, path)).as(role).isEqualTo(refusals.get(role));
      }
    });
    tokens.forEach((role, token) -> {
      if (!refusals.containsKey(role)) {
        assertThat(status(token, method, path)).as(role).isBetween(200, 299);
      }
    });
  }

  private static int status(String token, HttpMethod method, String path) {
    return as(token)
        .method(method)
        .uri(path)
        .header("If-Match", "*")
        .exchange()
        .returnResult(Void.class)
        .getStatus()
        .value();
  }

  private static String create(String token, String name) {
    Map<?, ?> tenant =
        as(token)
            .post()
            .uri("/admin/v1/tenants")
            .bodyValue(Map.of("name", name))
            .exchange()
            .expectStatus()
            .isCreated()
            .expectBody(Map.class)
            .returnResult()
            .getResponseBody();
    return String.valueOf(Objects.requireNonNull(tenant).get("id"));
  }

  private static WebTestClient.BodyContentSpec me(String token) {
    return as(token).get().uri("/admin/v1/me").exchange().expectStatus().isOk().expectBody();
  }

  private static WebTestClient as(String token) {
    return node.anonymous().mutate().defaultHeader("Authorization", "Bearer " + token).build();
  }

  private static JWTClaimsSet claims(String role) {
    return new JWTClaimsSet.Builder()
        .issuer(issuer)
        .subject("user-17")
        .audience(AUDIENCE)
        .expirationTime(Date.from(Instant.now().plusSeconds(300)))
        .claim("realm_access", Map.of("roles", List.of(role)))
        .build();
  }

  private static String jwt(RSAKey signer, JWTClaimsSet claims) throws JOSEException {
    SignedJWT jwt =
        new SignedJWT(new JWSHeader.Builder(JWSAlgorithm.RS256).keyID("k1").build(), claims);
    jwt.sign(new RSASSASigner(signer));
    return jwt.serialize();
  }

  private static String unsigned(JWTClaimsSet claims) {
    return new PlainJWT(claims).serialize();
  }

  private static void serve(String path, String json) {
    byte[] body = json.getBytes(StandardCharsets.UTF_8);
    provider.createContext(
        path,
        exchange -> {
          exchange.getResponseHeaders().set("Content-Type", "application/json");
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
  }
}
