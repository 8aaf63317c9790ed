package dev.baton.admin;

import java.time.InstantSource;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.ComponentScan;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Fallback;
import org.springframework.context.annotation.FilterType;

/**
 * All of tenant administration, for an application to import: admin API, console, and the directory
 * that resolves API keys. Uses the application's {@code Engine} when there is one.
 */
@Configuration(proxyBeanMethods = false)
@ComponentScan(
    excludeFilters =
        @ComponentScan.Filter(
            type = FilterType.ASSIGNABLE_TYPE,
            classes = TenantAdminApplication.class))
@ConfigurationPropertiesScan
public class TenantAdminConfiguration {

  /** The system's clock, unless the application has one of its own. */
  @Bean
  @Fallback
  InstantSource systemClock() {
    return InstantSource.system();
  }
}
