package dev.baton.platform.chat;

import java.util.Iterator;
import java.util.Map;
import org.springframework.http.HttpMethod;
import org.springframework.http.server.reactive.AbstractServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.security.web.server.firewall.ServerWebExchangeFirewall;
import org.springframework.security.web.server.firewall.StrictServerWebExchangeFirewall;
import org.springframework.stereotype.Component;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;
import reactor.netty.http.server.HttpServerRequest;

/**
 * Spring Security's strict firewall, with a short way for chats in which it could find nothing: the
 * path is the endpoint's own to the letter, without a query, and the headers are printable ASCII.
 * All else it sees as before.
 *
 * <p>Implementation note: it matches each header that is read against regular expressions, and goes
 * through the answer's for line ends, which no header of a chat's answer takes from a client and
 * the server's encoder refuses again. That is a twentieth of what an event loop does for a chat.
 */
@Component
final class ChatFirewall implements ServerWebExchangeFirewall {
  private final ServerWebExchangeFirewall strict = new StrictServerWebExchangeFirewall();

  @Override
  public Mono<ServerWebExchange> getFirewalledExchange(ServerWebExchange exchange) {
    return isPlainChat(exchange.getRequest())
        ? Mono.just(exchange)
        : strict.getFirewalledExchange(exchange);
  }

  private static boolean isPlainChat(ServerHttpRequest request) {
    return request.getMethod() == HttpMethod.POST
        && request.getPath().value().equals(ChatEndpoint.PATH)
        && request instanceof AbstractServerHttpRequest served
        && served.getNativeRequest() instanceof HttpServerRequest received
        && received.uri().equals(ChatEndpoint.PATH) // no query, and no prefix of a proxy's above
        && hasPlainHeaders(received);
  }

  private static boolean hasPlainHeaders(HttpServerRequest request) {
    Iterator<Map.Entry<CharSequence, CharSequence>> headers =
        request.requestHeaders().iteratorCharSequence();
    while (headers.hasNext()) {
      Map.Entry<CharSequence, CharSequence> header = headers.next();
      if (!isPlain(header.getKey()) || !isPlain(header.getValue())) {
        return false;
      }
    }
    return true;
  }

  private static boolean isPlain(CharSequence text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < ' ' || c > '~') {
        return false;
      }
    }
    return true;
  }
}
