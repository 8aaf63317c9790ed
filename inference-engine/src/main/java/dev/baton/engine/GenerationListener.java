package dev.baton.engine;

/** Receives the events of one request, in order, on the engine thread; must not block or throw. */
@FunctionalInterface
public interface GenerationListener {
  void onEvent(GenerationEvent event);
}
