package dev.baton.platform.access;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.springframework.http.HttpHeaders;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;
import org.springframework.mock.web.server.MockServerWebExchange;

class SecurityHeadersTest {
  @Test
  void overTlsABrowserIsToldToStayThere() {
    assertThat(headers("https://baton.example/v1/models").getFirst("Strict-Transport-Security"))
        .isEqualTo("max-age=31536000; includeSubDomains");
    assertThat(
            headers("http://baton.example/v1/models").containsHeader("Strict-Transport-Security"))
        .isFalse();
  }

  private static HttpHeaders headers(String address) {
    MockServerWebExchange exchange =
        MockServerWebExchange.from(MockServerHttpRequest.get(address).build());
    new SecurityHeaders().filter(exchange, passed -> passed.getResponse().setComplete()).block();
    return exchange.getResponse().getHeaders();
  }
}
