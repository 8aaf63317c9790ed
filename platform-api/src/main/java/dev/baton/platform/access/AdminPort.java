package dev.baton.platform.access;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.reactor.netty.NettyReactiveWebServerFactory;
import org.springframework.boot.reactor.netty.autoconfigure.NettyReactiveWebServerFactoryCustomizer;
import org.springframework.boot.web.server.WebServer;
import org.springframework.boot.web.server.autoconfigure.ServerProperties;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.SmartLifecycle;
import org.springframework.http.client.ReactorResourceFactory;
import org.springframework.http.server.reactive.HttpHandler;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.stereotype.Component;

/**
 * A second listener on the same handlers, for operators, when {@code baton.admin.port} is set: a
 * network rule can then keep tenants from it. {@link PortSeparation} sees to it that each port
 * answers only what belongs there.
 */
@Component
public final class AdminPort implements SmartLifecycle {
  private final AdminPortSettings settings;
  private final ServerProperties tenants;
  private final ObjectProvider<HttpHandler> handler;
  private final ObjectProvider<NettyReactiveWebServerFactoryCustomizer> settingsOfBoth;
  private final HttpLimits limits;
  private final ObjectProvider<ReactorResourceFactory> resources;
  private volatile @Nullable WebServer server;

  AdminPort(
      AdminPortSettings settings,
      ServerProperties tenants,
      ObjectProvider<HttpHandler> handler,
      ObjectProvider<NettyReactiveWebServerFactoryCustomizer> settingsOfBoth,
      HttpLimits limits,
      ObjectProvider<ReactorResourceFactory> resources) {
    this.settings = settings;
    this.tenants = tenants;
    this.handler = handler;
    this.settingsOfBoth = settingsOfBoth;
    this.limits = limits;
    this.resources = resources;
  }

  /** Whether operators have a port of their own. */
  public boolean separate() {
    return settings.port() != null;
  }

  /**
   * The operators' own port.
   *
   * @throws NullPointerException when they have none, or it is not open
   */
  public int port() {
    return Objects.requireNonNull(server, "no admin port is open").getPort();
  }

  /** Whether a request came in by the operators' own port. */
  boolean received(ServerHttpRequest request) {
    WebServer open = server;
    InetSocketAddress local = request.getLocalAddress();
    return open != null && local != null && local.getPort() == open.getPort();
  }

  @Override
  public void start() {
    if (settings.port() == null) {
      return;
    }
    NettyReactiveWebServerFactory factory = new NettyReactiveWebServerFactory(settings.port());
    resources.ifAvailable(factory::setResourceFactory);
    settingsOfBoth.forEach(both -> both.customize(factory));
    limits.customize(factory);
    InetAddress address = address();
    if (address != null) {
      factory.setAddress(address);
    }
    WebServer opened = factory.getWebServer(handler.getObject());
    opened.start();
    server = opened;
  }

  private @Nullable InetAddress address() {
    if (settings.address() == null) {
      return tenants.getAddress();
    }
    try {
      return InetAddress.getByName(settings.address());
    } catch (UnknownHostException e) {
      throw new IllegalStateException(
          "baton.admin.address is no address of this machine: " + settings.address(), e);
    }
  }

  @Override
  public void stop() {
    WebServer open = server;
    if (open != null) {
      open.stop();
      server = null;
    }
  }

  @Override
  public boolean isRunning() {
    return server != null;
  }

  @Override
  public int getPhase() {
    return WebServerApplicationContext.START_STOP_LIFECYCLE_PHASE;
  }
}
