package dev.baton.platform.serve;

import dev.baton.engine.runtime.DeviceChoice;
import dev.baton.engine.scheduler.RelayMode;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What {@code baton serve} was asked for.
 *
 * @param model GGUF file, or null for the default model
 * @param port 0 takes a free one
 * @param data directory of everything that outlives the process
 * @param kvMemoryBytes KV memory, or null for the engine's choice
 * @param threads computing threads, or null for all processors
 * @param device what computes
 * @param redisUrl an external Redis, or null for an own one
 * @param decodeLatencyTarget time that prompts of others may delay a token, or null for no bound
 * @param demoTenants whether an empty store gets tenants to try the platform with
 */
public record ServeOptions(
    @Nullable Path model,
    String host,
    int port,
    Path data,
    @Nullable Long kvMemoryBytes,
    RelayMode relay,
    @Nullable Integer threads,
    DeviceChoice device,
    @Nullable String redisUrl,
    @Nullable Duration decodeLatencyTarget,
    boolean demoTenants) {}
