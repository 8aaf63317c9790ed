package dev.baton.platform.operations;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * What metrics may tell.
 *
 * @param tenants tenants that get series of their own, by id; the others are counted together
 */
@Validated
@ConfigurationProperties("baton.metrics")
record MetricsSettings(@DefaultValue("0") @Min(0) @Max(10_000) int tenants) {}
