package dev.baton.admin.console;

import java.net.URI;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.core.io.ClassPathResource;
import org.springframework.http.CacheControl;
import org.springframework.security.config.web.server.ServerHttpSecurity;
import org.springframework.security.web.server.SecurityWebFilterChain;
import org.springframework.security.web.server.header.ReferrerPolicyServerHttpHeadersWriter.ReferrerPolicy;
import org.springframework.security.web.server.util.matcher.PathPatternParserServerWebExchangeMatcher;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.RouterFunctions;
import org.springframework.web.reactive.function.server.ServerResponse;

/**
 * Serves the console at {@code /console/}. The files are public; what they show is not: every call
 * goes to the admin API with the token that the person typed.
 */
@Configuration(proxyBeanMethods = false)
public class ConsoleConfiguration {

  /** Nothing but its own files and its own server: no CDN, no inline script, no framing. */
  private static final String CONTENT_SECURITY_POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; "
          + "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

  private static final ClassPathResource FILES = new ClassPathResource("static/console/");

  @Bean
  RouterFunction<ServerResponse> consoleFiles() {
    ClassPathResource index = new ClassPathResource("static/console/index.html");
    return RouterFunctions.route()
        .GET(
            "/console",
            request -> ServerResponse.permanentRedirect(URI.create("/console/")).build())
        .GET(
            "/console/",
            request -> ServerResponse.ok().cacheControl(CacheControl.noCache()).bodyValue(index))
        .resources("/console/**", FILES)
        .build();
  }

  @Bean
  @Order(20)
  SecurityWebFilterChain consoleSecurity(ServerHttpSecurity http) {
    return http.securityMatcher(new PathPatternParserServerWebExchangeMatcher("/console/**"))
        .authorizeExchange(exchanges -> exchanges.anyExchange().permitAll())
        .csrf(ServerHttpSecurity.CsrfSpec::disable)
        .headers(headers ->
            headers
                .contentSecurityPolicy(policy -> policy.policyDirectives(CONTENT_SECURITY_POLICY))
                .referrerPolicy(policy -> policy.policy(ReferrerPolicy.NO_REFERRER)))
        .build();
  }
}
