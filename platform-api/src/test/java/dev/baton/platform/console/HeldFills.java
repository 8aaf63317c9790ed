package dev.baton.platform.console;

import dev.baton.engine.Engine;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A real engine that begins no fill while a test holds them, so that a person has the time to
 * cancel one however fast the machine is.
 */
final class HeldFills {
  private final Engine engine;
  private volatile boolean held;

  HeldFills(Engine engine) {
    this.engine = engine;
  }

  /** From now on fills are asked for and do not begin. What was asked for then never begins. */
  void hold(boolean hold) {
    held = hold;
  }

  Engine engine() {
    return (Engine)
        Proxy.newProxyInstance(
            Engine.class.getClassLoader(), new Class<?>[] {Engine.class}, this::invoke);
  }

  private @Nullable Object invoke(
      Object proxy, Method method, @Nullable Object @Nullable [] arguments) throws Throwable {
    if (held && method.getName().equals("warm")) {
      return new CompletableFuture<>();
    }
    try {
      return method.invoke(engine, arguments);
    } catch (InvocationTargetException e) {
      throw Objects.requireNonNull(e.getCause());
    }
  }
}
