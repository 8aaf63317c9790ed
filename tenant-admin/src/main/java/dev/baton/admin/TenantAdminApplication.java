package dev.baton.admin;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisRepositoriesAutoConfiguration;
import org.springframework.boot.security.autoconfigure.ReactiveUserDetailsServiceAutoConfiguration;
import org.springframework.context.annotation.Import;

/** Tenant administration alone: what needs an engine answers 503. */
@SpringBootConfiguration
@EnableAutoConfiguration(
    exclude = {
      DataRedisRepositoriesAutoConfiguration.class, // scripts, no repositories
      ReactiveUserDetailsServiceAutoConfiguration.class // a token, no passwords
    })
@Import(TenantAdminConfiguration.class)
public class TenantAdminApplication {
  public static void main(String[] arguments) {
    SpringApplication.run(TenantAdminApplication.class, arguments);
  }
}
