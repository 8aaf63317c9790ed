package dev.baton.admin.http;

import com.nimbusds.jose.RemoteKeySourceException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpStatus;
import org.springframework.security.authentication.BadCredentialsException;
import org.springframework.security.authentication.ReactiveAuthenticationManager;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.authority.AuthorityUtils;
import org.springframework.security.oauth2.core.DelegatingOAuth2TokenValidator;
import org.springframework.security.oauth2.jwt.BadJwtException;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtClaimNames;
import org.springframework.security.oauth2.jwt.JwtClaimValidator;
import org.springframework.security.oauth2.jwt.JwtValidators;
import org.springframework.security.oauth2.jwt.NimbusReactiveJwtDecoder;
import org.springframework.security.oauth2.jwt.ReactiveJwtDecoder;
import org.springframework.security.oauth2.jwt.ReactiveJwtDecoders;
import org.springframework.security.oauth2.jwt.SupplierReactiveJwtDecoder;
import reactor.core.publisher.Mono;

/**
 * Whom a bearer token names: a static token's holder, else whom the identity provider says. An
 * unknown token is refused; a provider that does not answer is a 503.
 */
final class AdminLogin implements ReactiveAuthenticationManager {
  private static final Logger log = LoggerFactory.getLogger(AdminLogin.class);

  private final List<Holder> holders;
  private final @Nullable OidcSettings oidc;
  private final @Nullable ReactiveJwtDecoder jwts;

  /** Digests are compared, in constant time, so that not even a token's length shows. */
  private record Holder(byte[] digest, Authentication authentication) {
    static Holder of(String name, String token, Role role) {
      return new Holder(sha256(token), authenticated(name, role.includes()));
    }
  }

  AdminLogin(AdminSettings settings) {
    holders = new ArrayList<>();
    if (settings.token() != null) {
      holders.add(Holder.of("admin", settings.token(), Role.OWNER));
    }
    settings
        .tokens()
        .forEach((name, named) -> {
          if (named.token() != null && named.role() != null) {
            holders.add(Holder.of(name, named.token(), named.role()));
          }
        });
    oidc = settings.oidc();
    jwts = oidc == null ? null : decoder(oidc);
  }

  @Override
  public Mono<Authentication> authenticate(Authentication presented) {
    String token = String.valueOf(presented.getCredentials());
    byte[] digest = sha256(token);
    Authentication known = null;
    for (Holder holder : holders) {
      // All are compared: the time tells nothing of which one it was.
      known = MessageDigest.isEqual(holder.digest(), digest) ? holder.authentication() : known;
    }
    if (known != null) {
      return Mono.just(known);
    }
    return jwts == null || oidc == null || token.chars().filter(c -> c == '.').count() != 2
        ? Mono.error(new BadCredentialsException("not a known token"))
        : jwts.decode(token)
            .onErrorMap(AdminLogin::refusalOrOutage)
            .map(jwt -> authenticated(String.valueOf(jwt.getSubject()), authorities(jwt, oidc)));
  }

  /** Asks the provider for its metadata when the first JWT comes, so that a start needs it not. */
  private static ReactiveJwtDecoder decoder(OidcSettings oidc) {
    return new SupplierReactiveJwtDecoder(() -> {
      String issuer = String.valueOf(oidc.issuer());
      NimbusReactiveJwtDecoder decoder =
          oidc.jwkSetUri() == null
              ? (NimbusReactiveJwtDecoder) ReactiveJwtDecoders.fromIssuerLocation(issuer)
              : NimbusReactiveJwtDecoder.withJwkSetUri(oidc.jwkSetUri()).build();
      decoder.setJwtValidator(
          new DelegatingOAuth2TokenValidator<>(
              JwtValidators.createDefaultWithIssuer(issuer),
              new JwtClaimValidator<Collection<String>>(
                  JwtClaimNames.AUD, aud -> aud != null && aud.contains(oidc.audience())),
              new JwtClaimValidator<String>(
                  JwtClaimNames.SUB, sub -> sub != null && !sub.isBlank() && sub.length() <= 255)));
      return decoder;
    });
  }

  private static Throwable refusalOrOutage(Throwable error) {
    if (error instanceof BadJwtException && !isOutage(error)) {
      return new BadCredentialsException("not a valid token", error);
    }
    log.warn("the identity provider does not answer: {}", error.toString());
    return new AdminProblem(
        HttpStatus.SERVICE_UNAVAILABLE,
        "identity-provider-unavailable",
        "The identity provider does not answer, so that the token can not be checked.",
        error);
  }

  private static boolean isOutage(Throwable error) {
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      if (cause instanceof RemoteKeySourceException) {
        return true;
      }
    }
    return false;
  }

  /** The roles that the token names here; without one it may nothing. */
  private static List<String> authorities(Jwt jwt, OidcSettings oidc) {
    Set<String> authorities = new HashSet<>();
    Object claim = jwt.getClaims();
    for (String step : oidc.rolesClaim().split("\\.", -1)) {
      claim = claim instanceof Map<?, ?> object ? object.get(step) : null;
    }
    Collection<?> names =
        claim instanceof Collection<?> list
            ? list
            : claim instanceof String words ? Arrays.asList(words.split(" ", -1)) : List.of();
    for (Object name : names) {
      if (name instanceof String text && text.startsWith(oidc.rolePrefix())) {
        Role.named(text.substring(oidc.rolePrefix().length()))
            .ifPresent(role -> authorities.addAll(role.includes()));
      }
    }
    return List.copyOf(authorities);
  }

  private static Authentication authenticated(String name, List<String> authorities) {
    return UsernamePasswordAuthenticationToken.authenticated(
        name, null, AuthorityUtils.createAuthorityList(authorities));
  }

  private static byte[] sha256(String text) {
    return Idempotency.sha256().digest(text.getBytes(StandardCharsets.UTF_8));
  }
}
