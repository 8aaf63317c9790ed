package dev.baton.platform.chat;

/**
 * What every chunk of an answer repeats.
 *
 * @param id {@code chatcmpl-…}
 * @param created Unix seconds
 * @param systemFingerprint names what computed the answer; with equal seed and fingerprint a
 *     request repeats
 */
record AnswerHead(String id, long created, String model, String systemFingerprint) {}
