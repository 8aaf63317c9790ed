package dev.baton.platform.access;

import dev.baton.admin.apikey.TenantAccess;
import java.util.Objects;
import org.springframework.web.server.ServerWebExchange;

/** Whom a request under {@code /v1} speaks for, once its key is proven. */
public final class Caller {
  private static final String ATTRIBUTE = Caller.class.getName();

  private Caller() {}

  static void set(ServerWebExchange exchange, TenantAccess access) {
    exchange.getAttributes().put(ATTRIBUTE, access);
  }

  /** What the request's key gives access to; the chain lets no request pass without it. */
  public static TenantAccess of(ServerWebExchange exchange) {
    return Objects.requireNonNull(exchange.<TenantAccess>getAttribute(ATTRIBUTE));
  }
}
