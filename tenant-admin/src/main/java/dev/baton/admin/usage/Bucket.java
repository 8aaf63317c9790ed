package dev.baton.admin.usage;

import java.time.Duration;
import java.time.Instant;
import java.util.Locale;

/**
 * The lengths of time that usage is summed by. Buckets lie together in parts, one hash each, so
 * that a query reads few of them: the minutes of an hour, the hours of a day, 32 days.
 */
enum Bucket {
  MINUTE(60, 60),
  HOUR(3600, 24),
  DAY(86400, 32);

  private final long seconds;
  private final int inPart;

  Bucket(long seconds, int inPart) {
    this.seconds = seconds;
    this.inPart = inPart;
  }

  String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  Duration length() {
    return Duration.ofSeconds(seconds);
  }

  /** The start of the bucket that this time is in. */
  Instant floor(Instant time) {
    return Instant.ofEpochSecond(Math.floorDiv(time.getEpochSecond(), seconds) * seconds);
  }

  /** The end of the last bucket that begins before this time. */
  Instant ceil(Instant time) {
    return floor(time.minusNanos(1)).plusSeconds(seconds);
  }

  /** The part that this time is in. */
  long part(Instant time) {
    return Math.floorDiv(time.getEpochSecond(), seconds * inPart);
  }

  /** Where in its part the bucket of this time lies. */
  int slot(Instant time) {
    return (int) (Math.floorDiv(time.getEpochSecond(), seconds) - part(time) * inPart);
  }

  /** When the bucket in this place begins. */
  Instant start(long part, int slot) {
    return Instant.ofEpochSecond((part * inPart + slot) * seconds);
  }

  /** When the last bucket of a part ends. */
  Instant end(long part) {
    return Instant.ofEpochSecond((part + 1) * inPart * seconds);
  }
}
