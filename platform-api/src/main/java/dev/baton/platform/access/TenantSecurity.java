package dev.baton.platform.access;

import dev.baton.admin.apikey.TenantDirectory;
import dev.baton.admin.limits.LimitDirectory;
import java.util.List;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.security.web.server.MatcherSecurityWebFilterChain;
import org.springframework.security.web.server.SecurityWebFilterChain;
import org.springframework.security.web.server.util.matcher.PathPatternParserServerWebExchangeMatcher;

/** The chain in front of {@code /v1}: a bearer key on each request, no session, no CSRF token. */
@Configuration(proxyBeanMethods = false)
class TenantSecurity {
  @Bean
  @Order(5) // before the operators': a chat is asked for fewer matches
  SecurityWebFilterChain tenantChain(TenantDirectory directory, LimitDirectory limits) {
    return new MatcherSecurityWebFilterChain(
        new PathPatternParserServerWebExchangeMatcher("/v1/**"),
        List.of(new KeyFilter(directory, limits)));
  }
}
