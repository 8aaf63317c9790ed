package dev.baton.admin.storage;

import io.lettuce.core.event.connection.ConnectionActivatedEvent;
import io.lettuce.core.resource.ClientResources;
import java.time.Duration;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Flux;
import reactor.util.retry.Retry;

/** Says on every node which tenant was changed on any. */
@Component
public final class ChangeFeed {

  /** Where scripts publish the id of the tenant they change. */
  public static final String CHANNEL = "baton:changes";

  private static final Duration FIRST_DELAY = Duration.ofMillis(100);
  private static final Duration LONGEST_DELAY = Duration.ofSeconds(1);

  private final ReactiveStringRedisTemplate redis;
  private final ClientResources client;

  ChangeFeed(ReactiveStringRedisTemplate redis, ClientResources client) {
    this.redis = redis;
    this.client = client;
  }

  /** What is known of a change. */
  public sealed interface Change {}

  /** This tenant was changed. */
  public record TenantChanged(String tenantId) implements Change {}

  /** The feed had a gap, or may have had one: anything may have changed. */
  public record AnythingChanged() implements Change {}

  /** Never ends; survives outages of Redis, each of which it reports as a gap. */
  public Flux<Change> changes() {
    Flux<Change> published =
        Flux.defer(() -> redis.listenToChannelLater(CHANNEL))
            .flatMap(messages ->
                messages
                    .<Change>map(message -> new TenantChanged(message.getMessage()))
                    .startWith(new AnythingChanged()))
            .retryWhen(Retry.backoff(Long.MAX_VALUE, FIRST_DELAY).maxBackoff(LONGEST_DELAY))
            .repeat();
    Flux<Change> reconnected =
        client
            .eventBus()
            .get()
            .ofType(ConnectionActivatedEvent.class)
            .map(event -> new AnythingChanged());
    return published.mergeWith(reconnected);
  }
}
