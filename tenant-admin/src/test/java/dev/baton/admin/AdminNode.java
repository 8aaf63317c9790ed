package dev.baton.admin;

import dev.baton.testing.RedisServer;
import dev.baton.testing.ResidencyEngine;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.http.HttpHeaders;
import org.springframework.http.client.ReactorResourceFactory;
import org.springframework.test.web.reactive.server.WebTestClient;

/** A running node of tenant administration, with a fake engine behind it. */
public final class AdminNode implements AutoCloseable {
  public static final String TOKEN = "a-test-token-of-128-bits-or-more";

  private final ConfigurableApplicationContext context;
  private final ResidencyEngine engine = new ResidencyEngine();

  private AdminNode(RedisServer redis, boolean withEngine, String... settings) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "--server.port=0",
                "--spring.main.banner-mode=off",
                "--baton.admin.token=" + TOKEN,
                "--spring.data.redis.url=" + redis.url()));
    for (String setting : settings) {
      arguments.add("--" + setting);
    }
    context =
        new SpringApplicationBuilder(TenantAdminApplication.class)
            .initializers(created -> {
              GenericApplicationContext beans = (GenericApplicationContext) created;
              beans.registerBean(ReactorResourceFactory.class, AdminNode::ownResources);
              if (withEngine) {
                beans.registerBean(ResidencyEngine.class, () -> engine);
              }
            })
            .run(arguments.toArray(String[]::new));
  }

  /** Else the first node of this JVM that closes would end the event loops of all. */
  private static ReactorResourceFactory ownResources() {
    ReactorResourceFactory resources = new ReactorResourceFactory();
    resources.setUseGlobalResources(false);
    return resources;
  }

  public static AdminNode start(RedisServer redis, String... settings) {
    return new AdminNode(redis, true, settings);
  }

  public static AdminNode startWithoutEngine(RedisServer redis) {
    return new AdminNode(redis, false);
  }

  public ResidencyEngine engine() {
    return engine;
  }

  public <T> T bean(Class<T> type) {
    return context.getBean(type);
  }

  /** A client with the admin token. */
  public WebTestClient admin() {
    return anonymous().mutate().defaultHeader(HttpHeaders.AUTHORIZATION, "Bearer " + TOKEN).build();
  }

  public WebTestClient anonymous() {
    String port = context.getEnvironment().getProperty("local.server.port");
    return WebTestClient.bindToServer()
        .baseUrl("http://127.0.0.1:" + port)
        .responseTimeout(Duration.ofSeconds(20))
        .codecs(codecs -> codecs.defaultCodecs().maxInMemorySize(4 << 20))
        .build();
  }

  @Override
  public void close() {
    context.close();
  }
}
