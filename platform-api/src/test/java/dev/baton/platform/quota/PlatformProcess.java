package dev.baton.platform.quota;

import dev.baton.engine.FinishReason;
import dev.baton.platform.PlatformUnderTest;
import dev.baton.platform.ScriptedEngine;
import java.util.Map;

/** The whole platform with an engine that answers at once; prints its address when it is up. */
final class PlatformProcess {
  private PlatformProcess() {}

  public static void main(String[] arguments) throws InterruptedException {
    ScriptedEngine engine = new ScriptedEngine();
    PlatformUnderTest platform =
        PlatformUnderTest.start(
            engine,
            arguments[0],
            Map.of(
                "baton.quota.spool-directory",
                arguments[1],
                "baton.storage.read-timeout", // a busy machine is no outage
                "10s"));
    System.out.println(platform.url());
    while (true) {
      ScriptedEngine.Running request = engine.awaitRequest();
      request.begin().say("yes").finish(FinishReason.STOP);
    }
  }
}
