package dev.baton.admin.limits;

/**
 * Limits and the tag of the state they were read in.
 *
 * @param tag quoted, for {@code ETag}
 */
public record StoredLimits(Limits limits, String tag) {}
