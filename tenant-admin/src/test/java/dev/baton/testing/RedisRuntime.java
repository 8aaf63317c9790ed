package dev.baton.testing;

import java.util.List;

/** What runs a Redis: the operating system or a container engine. */
interface RedisRuntime {

  /** Starts it on its former data, if any. */
  void start(int port, List<String> options);

  /** Where its port can be reached once it was started. */
  String host();

  void kill();

  void freeze();

  void thaw();

  /** Ends it and removes its data. */
  void close();
}
