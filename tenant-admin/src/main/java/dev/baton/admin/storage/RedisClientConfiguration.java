package dev.baton.admin.storage;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.resource.Delay;
import io.netty.resolver.DefaultAddressResolverGroup;
import java.time.Duration;
import org.springframework.boot.data.redis.autoconfigure.ClientResourcesBuilderCustomizer;
import org.springframework.boot.data.redis.autoconfigure.LettuceClientConfigurationBuilderCustomizer;
import org.springframework.boot.data.redis.autoconfigure.LettuceClientOptionsBuilderCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Makes the Redis client fail fast: time limits on every command, none queued while disconnected
 * (Lettuce's own defaults wait a minute), and a reconnect every moment rather than ever later.
 */
@Configuration(proxyBeanMethods = false)
class RedisClientConfiguration {
  private static final Duration CONNECT_TIMEOUT = Duration.ofMillis(500);
  private static final Duration RECONNECT_DELAY = Duration.ofMillis(250);

  @Bean
  LettuceClientOptionsBuilderCustomizer failFast(StorageSettings settings) {
    return options ->
        options
            .disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
            .timeoutOptions(TimeoutOptions.enabled(settings.writeTimeout()))
            .socketOptions(SocketOptions.builder().connectTimeout(CONNECT_TIMEOUT).build());
  }

  @Bean
  LettuceClientConfigurationBuilderCustomizer commandTimeout(StorageSettings settings) {
    return client -> client.commandTimeout(settings.writeTimeout());
  }

  @Bean
  ClientResourcesBuilderCustomizer steadyReconnect() {
    // The JDK's resolver, because Lettuce's own holds an address for as long as the name server
    // says, which in
    // a container network can be a day, while a Redis that comes back there has another one.
    return resources ->
        resources
            .reconnectDelay(Delay.constant(RECONNECT_DELAY))
            .addressResolverGroup(DefaultAddressResolverGroup.INSTANCE);
  }
}
