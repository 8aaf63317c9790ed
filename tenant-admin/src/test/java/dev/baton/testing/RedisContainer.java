package dev.baton.testing;

import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.PortBinding;
import com.github.dockerjava.api.model.Ports;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.utility.DockerImageName;

/** A Redis in a container; its data outlives a kill, because the container is started again. */
final class RedisContainer implements RedisRuntime {
  private static final DockerImageName IMAGE = DockerImageName.parse("redis:7-alpine");
  private static final int INNER_PORT = 6379;

  private @Nullable GenericContainer<?> container;

  @Override
  public void start(int port, List<String> options) {
    if (container != null) {
      GenericContainer<?> stopped = container;
      stopped.getDockerClient().startContainerCmd(stopped.getContainerId()).exec();
      return;
    }
    List<String> command = new ArrayList<>(List.of("redis-server", "--protected-mode", "no"));
    command.addAll(options);
    GenericContainer<?> created =
        new GenericContainer<>(IMAGE)
            .withCommand(command.toArray(String[]::new))
            .withExposedPorts(INNER_PORT)
            .withCreateContainerCmdModifier(
                // A fixed port, so that clients find it again after a kill.
                create ->
                    Objects.requireNonNull(create.getHostConfig())
                        .withPortBindings(
                            new PortBinding(
                                Ports.Binding.bindPort(port), ExposedPort.tcp(INNER_PORT))));
    created.start();
    container = created;
  }

  @Override
  public String host() {
    return running().getHost();
  }

  @Override
  public void kill() {
    running().getDockerClient().killContainerCmd(running().getContainerId()).exec();
  }

  @Override
  public void freeze() {
    running().getDockerClient().pauseContainerCmd(running().getContainerId()).exec();
  }

  @Override
  public void thaw() {
    running().getDockerClient().unpauseContainerCmd(running().getContainerId()).exec();
  }

  @Override
  public void close() {
    if (container != null) {
      container.stop();
    }
  }

  private GenericContainer<?> running() {
    if (container == null) {
      throw new IllegalStateException("Redis was not started");
    }
    return container;
  }
}
