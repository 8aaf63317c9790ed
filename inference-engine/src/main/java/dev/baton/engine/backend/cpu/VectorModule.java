package dev.baton.engine.backend.cpu;

import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;

/**
 * The JDK's Vector API, which an application has to ask for: the module is an incubating one.
 *
 * <p>Asked for with {@code --add-modules} it costs every start a second. A JVM takes its modules,
 * and with them linked classes and lambdas, from an archive only where no incubating module is
 * among those it begins with. So the launcher leaves the option out, and the module is added once
 * the JVM runs, in the way in which the JVM adds those of its own agents. That door is internal to
 * the JDK; the application's jar has it opened (Add-Exports in its manifest). Where it stays shut,
 * the option is what remains.
 */
public final class VectorModule {
  private static final String NAME = "jdk.incubator.vector";

  private VectorModule() {}

  /**
   * Sees to it that the kernels' classes can be loaded; called before the first of them is.
   *
   * @throws EngineException {@link ErrorCode#CONFIGURATION_INVALID} when this JVM will not have it
   */
  public static void require() {
    if (ModuleLayer.boot().findModule(NAME).isPresent()) {
      return;
    }
    try {
      // Defines it to the boot loader, once; asked again it only finds it.
      Class.forName("jdk.internal.module.Modules")
          .getMethod("loadModule", String.class)
          .invoke(null, NAME);
    } catch (ReflectiveOperationException e) {
      throw new EngineException(
          ErrorCode.CONFIGURATION_INVALID,
          "this JVM runs without the vector module. Start with ./baton, or add the option"
              + " --add-modules jdk.incubator.vector to java.",
          e);
    }
  }
}
