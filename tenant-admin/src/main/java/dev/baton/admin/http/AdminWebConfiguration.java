package dev.baton.admin.http;

import org.springframework.context.annotation.Configuration;
import org.springframework.http.codec.ServerCodecConfigurer;
import org.springframework.web.reactive.config.WebFluxConfigurer;

/** Has admin bodies read by the strict reader; all others stay with Spring's. */
@Configuration(proxyBeanMethods = false)
class AdminWebConfiguration implements WebFluxConfigurer {
  private final AdminSettings settings;

  AdminWebConfiguration(AdminSettings settings) {
    this.settings = settings;
  }

  @Override
  public void configureHttpMessageCodecs(ServerCodecConfigurer configurer) {
    configurer.customCodecs().register(new StrictJsonReader(settings));
  }
}
