package dev.baton.platform.serve;

import dev.baton.engine.Engine;
import dev.baton.platform.BatonApplication;
import dev.baton.platform.access.AdminPort;
import java.time.Clock;
import java.time.InstantSource;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringApplication.AbandonedRunException;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.context.event.ApplicationEnvironmentPreparedEvent;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ApplicationListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;

/** The Spring part of the platform around an engine. */
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
    return start(() -> engine, properties);
  }

  /**
   * Starts serving around an engine that may still be opening, as its store may be: beans are made
   * meanwhile, and it is waited for when all are there, before the first request is taken. What the
   * asking throws ends the start and comes out as it is.
   */
  static ConfigurableApplicationContext start(
      Supplier<Engine> engine, Map<String, Object> properties) {
    SpringApplication application = application();
    application.addInitializers(context -> {
      GenericApplicationContext beans = (GenericApplicationContext) context;
      OpeningEngine opening = new OpeningEngine(() -> orAbandon(engine));
      beans.getBeanFactory().registerSingleton("engine", opening);
      beans.registerBean("engineOpened", SmartInitializingSingleton.class, () -> opening::opened);
      beans.registerBean("clock", InstantSource.class, () -> Clock.systemUTC());
    });
    // Last in the list of sources would lose against the environment; arguments win.
    String[] arguments =
        properties.entrySet().stream()
            .map(property -> "--" + property.getKey() + "=" + property.getValue())
            .toArray(String[]::new);
    try {
      return application.run(arguments);
    } catch (AbandonedRunException e) {
      throw e.getCause() instanceof RuntimeException failure ? failure : e;
    }
  }

  /** What is the same in a start and in the build that writes its beans down. */
  static SpringApplication application() {
    SpringApplication application = new SpringApplication(BatonApplication.class);
    application.setMainApplicationClass(GeneratedBeans.class);
    application.setWebApplicationType(WebApplicationType.REACTIVE);
    application.setRegisterShutdownHook(false);
    application.setLogStartupInfo(false);
    application.addListeners(
        (ApplicationListener<ApplicationEnvironmentPreparedEvent>)
            prepared -> GeneratedBeans.choose(prepared.getEnvironment()));
    return application;
  }

  /** An abandoned run is the one failure that Spring leaves to its caller to report. */
  private static Engine orAbandon(Supplier<Engine> engine) {
    try {
      return engine.get();
    } catch (RuntimeException e) {
      AbandonedRunException abandoned = new AbandonedRunException();
      abandoned.initCause(e);
      throw abandoned;
    }
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
