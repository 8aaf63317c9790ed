package dev.baton.admin.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import dev.baton.admin.AdminNode;
import dev.baton.testing.IdentityProvider;
import dev.baton.testing.RedisServer;
import java.io.IOException;
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

  private static IdentityProvider provider;
  private static AdminNode node;

  @BeforeAll
  static void start() throws IOException, JOSEException {
    provider = IdentityProvider.start(AUDIENCE);
    node =
        AdminNode.start(
            REDIS,
            "baton.admin.tokens.olga.token=" + OPERATOR,
            "baton.admin.tokens.olga.role=operator",
            "baton.admin.tokens.alan.token=" + AUDITOR,
            "baton.admin.tokens.alan.role=auditor",
            "baton.admin.oidc.issuer=" + provider.issuer(),
            "baton.admin.oidc.audience=" + AUDIENCE,
            "baton.admin.oidc.roles-claim=realm_access.roles",
            "baton.admin.oidc.role-prefix=baton-");
  }

  @AfterAll
  static void stop() {
    node.close();
    provider.close();
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
    me(provider.token("baton-auditor"))
        .jsonPath("$.subject")
        .isEqualTo("user-17")
        .jsonPath("$.roles")
        .isEqualTo(List.of("auditor"));
    me(provider.token("unrelated")).jsonPath("$.roles").isEqualTo(List.of());
  }

  @Test
  void eachRoleMayWhatItIsFor() throws JOSEException {
    String tenant = create(OPERATOR, "By an operator");
    Map<String, String> tokens =
        Map.of(
            "owner", provider.token("baton-owner"),
            "operator", provider.token("baton-operator"),
            "auditor", AUDITOR,
            "nobody", provider.token("unrelated"));
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
    JWTClaimsSet good = provider.claims("baton-owner");
    for (String refused :
        List.of(
            IdentityProvider.sign(IdentityProvider.newKey(), good),
            provider.sign(new JWTClaimsSet.Builder(good).audience("another-service").build()),
            provider.sign(new JWTClaimsSet.Builder(good).issuer("https://evil.example").build()),
            provider.sign(
                new JWTClaimsSet.Builder(good)
                    .expirationTime(Date.from(Instant.now().minusSeconds(120)))
                    .build()),
            provider.sign(new JWTClaimsSet.Builder(good).subject(null).build()),
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
          .header("Authorization", "Bearer " + provider.token("baton-owner"))
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

  private static String unsigned(JWTClaimsSet claims) {
    return new PlainJWT(claims).serialize();
  }
}
