package dev.baton.platform;

import dev.baton.admin.TenantAdminConfiguration;
import dev.baton.platform.cli.BatonMain;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;
import org.springframework.boot.security.autoconfigure.ReactiveUserDetailsServiceAutoConfiguration;
import org.springframework.context.annotation.Import;

/** The whole product in one JVM: tenant API, admin API, console and an embedded engine. */
@SpringBootApplication(exclude = ReactiveUserDetailsServiceAutoConfiguration.class)
@ConfigurationPropertiesScan
@Import(TenantAdminConfiguration.class)
public class BatonApplication {

  /** Runs a command; its exit status becomes the process'. */
  public static void main(String[] args) {
    BatonMain.main(args);
  }
}
