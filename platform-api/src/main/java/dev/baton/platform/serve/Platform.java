package dev.baton.platform.serve;

import dev.baton.engine.Engine;
import dev.baton.platform.BatonApplication;
import dev.baton.platform.access.AdminPort;
import java.time.Clock;
import java.time.InstantSource;
import java.util.Map;
import java.util.Objects;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;

/** The Spring part of the platform around an engine that is open already. */
public final class Platform {
  private Platform() {}

  /**
   * Starts serving.
   *
   * @param engine stays the caller's to close, after the context
   * @param properties over those of application.yml
   */
  public static ConfigurableApplicationContext start(
      Engine engine, Map<String, Object> properties) {
    SpringApplication application = new SpringApplication(BatonApplication.class);
    application.setWebApplicationType(WebApplicationType.REACTIVE);
    application.setRegisterShutdownHook(false);
    application.setLogStartupInfo(false);
    application.addInitializers(context -> {
      GenericApplicationContext beans = (GenericApplicationContext) context;
      beans.registerBean(
          "engine", Engine.class, () -> engine, definition -> definition.setDestroyMethodName(""));
      beans.registerBean("clock", InstantSource.class, () -> Clock.systemUTC());
    });
    // Last in the list of sources would lose against the environment; arguments win.
    String[] arguments =
        properties.entrySet().stream()
            .map(property -> "--" + property.getKey() + "=" + property.getValue())
            .toArray(String[]::new);
    return application.run(arguments);
  }

  /** Where a started platform listens. */
  public static int port(ConfigurableApplicationContext context) {
    return Objects.requireNonNull(((WebServerApplicationContext) context).getWebServer()).getPort();
  }

  /**
   * Where a started platform listens for operators: the tenants' port unless they have their own.
   */
  public static int adminPort(ConfigurableApplicationContext context) {
    AdminPort own = context.getBean(AdminPort.class);
    return own.separate() ? own.port() : port(context);
  }
}
