package dev.baton.platform.access;

import java.time.Duration;
import org.springframework.boot.reactor.netty.NettyReactiveWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.stereotype.Component;

/**
 * Time for a request to arrive whole, head and body: a client that sends a byte now and then would
 * else hold a connection for ever. Answers have no such limit, they are streams.
 */
@Component
final class HttpLimits implements WebServerFactoryCustomizer<NettyReactiveWebServerFactory> {
  private static final Duration REQUEST_TIME = Duration.ofSeconds(30);

  @Override
  public void customize(NettyReactiveWebServerFactory factory) {
    factory.addServerCustomizers(server -> server.requestTimeout(REQUEST_TIME));
  }
}
