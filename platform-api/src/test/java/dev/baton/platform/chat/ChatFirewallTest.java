package dev.baton.platform.chat;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.http.HttpStatus;
import org.springframework.http.server.reactive.HttpHandler;
import org.springframework.http.server.reactive.ReactorHttpHandlerAdapter;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.security.web.server.firewall.ServerExchangeRejectedException;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.adapter.WebHttpHandlerBuilder;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;

/** Requests as they come over a socket, and whether they pass as they are or under guard. */
class ChatFirewallTest {
  private final ChatFirewall firewall = new ChatFirewall();
  private final HttpHandler handler = WebHttpHandlerBuilder.webHandler(this::judge).build();
  private final DisposableServer server =
      HttpServer.create()
          .host("127.0.0.1")
          .port(0)
          .handle(new ReactorHttpHandlerAdapter(handler))
          .bindNow();

  @AfterEach
  void stop() {
    server.disposeNow();
  }

  @SuppressWarnings("ReferenceEquality") // is it wrapped?
  private Mono<Void> judge(ServerWebExchange exchange) {
    return firewall
        .getFirewalledExchange(exchange)
        .map(passed -> passed == exchange ? HttpStatus.OK : HttpStatus.ACCEPTED)
        .onErrorReturn(ServerExchangeRejectedException.class, HttpStatus.BAD_REQUEST)
        .flatMap(status -> {
          ServerHttpResponse response = exchange.getResponse();
          response.setStatusCode(status);
          return response.setComplete();
        });
  }

  private String statusOf(String requestLine, String header) throws IOException {
    try (Socket socket = new Socket("127.0.0.1", server.port())) {
      String head =
          requestLine + " HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n" + header + "\r\n\r\n";
      socket.getOutputStream().write(head.getBytes(StandardCharsets.ISO_8859_1));
      InputStream answer = socket.getInputStream();
      return new String(answer.readNBytes(12), StandardCharsets.ISO_8859_1).substring(9);
    }
  }

  @Test
  void aPlainChatPassesAsItIs() throws IOException {
    assertThat(statusOf("POST /v1/chat/completions", "Authorization: Bearer bt_a~b c"))
        .isEqualTo("200");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /v1/chat/completions",
        "POST /v1/chat/completions?a=b",
        "POST /v1/chat/completions/",
        "POST /v1/models",
        "POST /admin/v1/tenants"
      })
  void whatIsNoChatPassesUnderGuard(String requestLine) throws IOException {
    assertThat(statusOf(requestLine, "A: b")).isEqualTo("202");
  }

  @ParameterizedTest
  @ValueSource(strings = {"A: caf\u00e9", "A: \u00c3\u00a9", "A: a\tb"})
  void aChatWithAnotherHeaderPassesUnderGuard(String header) throws IOException {
    assertThat(statusOf("POST /v1/chat/completions", header)).isEqualTo("202");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "POST /v1/chat/completions;a=b",
        "POST /v1/chat//completions",
        "POST /v1/chat/../chat/completions",
        "POST /v1/chat/%2e%2e/chat/completions",
        "POST /v1/chat/completions%00",
        "TRACE /v1/chat/completions"
      })
  void whatTheStrictFirewallRefusesStaysRefused(String requestLine) throws IOException {
    assertThat(statusOf(requestLine, "A: b")).isEqualTo("400");
  }
}
