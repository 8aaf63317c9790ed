package dev.baton.platform.serve;

import dev.baton.admin.apikey.ApiKeys;
import dev.baton.admin.audit.Actor;
import dev.baton.admin.systemprompt.Activations;
import dev.baton.admin.systemprompt.SystemPrompts;
import dev.baton.admin.tenant.Tenants;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;

/**
 * Two tenants to try the platform with, made in an empty store only. Their keys are shown once, as
 * every key, and kept in a file for the owner of the data directory.
 */
@Component
final class DemoTenants {
  private static final String FILE = "demo-keys";
  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final Actor ACTOR = new Actor("first start");
  private static final List<Demo> DEMOS =
      List.of(
          new Demo("Marlow Cycles", "demo/bicycle-shop.md"),
          new Demo("Linden Dental", "demo/dental-clinic.md"));

  private final Tenants tenants;
  private final ApiKeys keys;
  private final SystemPrompts prompts;
  private final Activations activations;

  DemoTenants(Tenants tenants, ApiKeys keys, SystemPrompts prompts, Activations activations) {
    this.tenants = tenants;
    this.keys = keys;
    this.prompts = prompts;
    this.activations = activations;
  }

  private record Demo(String tenant, String resource) {}

  /**
   * Keys of the demo tenants.
   *
   * @param byTenant tenant names to keys made just now; empty at later starts
   * @param file where they are kept, or null when there never were any
   */
  record Keys(Map<String, String> byTenant, @Nullable Path file) {
    @Override
    public String toString() {
      return "Keys" + byTenant.keySet();
    }
  }

  /** Their prompts become active when they are resident, soon after this returns. */
  Keys createInEmptyStore(DataDirectory data) {
    if (!Boolean.TRUE.equals(tenants.none().block(LIMIT))) {
      Path file = data.resolve(FILE);
      return new Keys(Map.of(), Files.exists(file) ? file : null);
    }
    Map<String, String> made = new LinkedHashMap<>();
    for (Demo demo : DEMOS) {
      made.put(demo.tenant(), create(demo).block(LIMIT));
    }
    StringBuilder lines = new StringBuilder();
    made.forEach((tenant, key) -> lines.append(key).append("  ").append(tenant).append('\n'));
    return new Keys(made, data.writeSecret(FILE, lines.toString()));
  }

  private Mono<String> create(Demo demo) {
    return tenants
        .create(ACTOR, demo.tenant())
        .flatMap(tenant ->
            prompts
                .register(ACTOR, tenant.id(), text(demo), "demo", ACTOR.name())
                .flatMap(version -> activations.start(ACTOR, tenant.id(), version.id()))
                .then(keys.issue(ACTOR, tenant.id(), "demo", null)))
        .map(issued -> issued.secret());
  }

  private static String text(Demo demo) {
    try (InputStream in = DemoTenants.class.getClassLoader().getResourceAsStream(demo.resource())) {
      if (in == null) {
        throw new IllegalStateException(demo.resource() + " is not packaged");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new IllegalStateException("can not read " + demo.resource(), e);
    }
  }
}
