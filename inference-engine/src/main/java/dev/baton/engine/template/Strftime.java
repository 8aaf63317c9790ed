package dev.baton.engine.template;

import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Locale;

/**
 * C's {@code strftime} in the C locale, as Python's {@code datetime.strftime} gives it on Linux.
 */
final class Strftime {
  private Strftime() {}

  static String format(String pattern, ZonedDateTime time) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < pattern.length(); i++) {
      char c = pattern.charAt(i);
      if (c != '%' || i + 1 == pattern.length()) {
        out.append(c);
        continue;
      }
      c = pattern.charAt(++i);
      boolean unpadded = c == '-' && i + 1 < pattern.length();
      if (unpadded) {
        c = pattern.charAt(++i);
      }
      String field = field(c, time);
      out.append(
          unpadded && field.length() > 1 && field.charAt(0) == '0'
              ? field.replaceFirst("^0+(?=.)", "")
              : field);
    }
    return out.toString();
  }

  private static String field(char directive, ZonedDateTime time) {
    return switch (directive) {
      case 'Y' -> Integer.toString(time.getYear());
      case 'y' -> two(time.getYear() % 100);
      case 'm' -> two(time.getMonthValue());
      case 'd' -> two(time.getDayOfMonth());
      case 'e' -> "%2d".formatted(time.getDayOfMonth());
      case 'H' -> two(time.getHour());
      case 'I' -> two((time.getHour() + 11) % 12 + 1);
      case 'M' -> two(time.getMinute());
      case 'S' -> two(time.getSecond());
      case 'f' -> "%06d".formatted(time.getNano() / 1000);
      case 'p' -> time.getHour() < 12 ? "AM" : "PM";
      case 'A' -> name("EEEE", time);
      case 'a' -> name("EEE", time);
      case 'B' -> name("MMMM", time);
      case 'b', 'h' -> name("MMM", time);
      case 'j' -> "%03d".formatted(time.getDayOfYear());
      case 'u' -> Integer.toString(time.getDayOfWeek().getValue());
      case 'w' -> Integer.toString(time.getDayOfWeek().getValue() % 7);
      case 'F' -> format("%Y-%m-%d", time);
      case 'D', 'x' -> format("%m/%d/%y", time);
      case 'T', 'X' -> format("%H:%M:%S", time);
      case 'R' -> format("%H:%M", time);
      case 'c' -> format("%a %b %e %H:%M:%S %Y", time);
      // Python's strftime_now takes a time without a zone, for which these are empty.
      case 'Z', 'z' -> "";
      case 'n' -> "\n";
      case 't' -> "\t";
      case '%' -> "%";
      default -> throw TemplateFailure.of("strftime_now does not know %" + directive);
    };
  }

  /** When the pattern's text may next be another one. */
  static ZonedDateTime nextChange(String pattern, ZonedDateTime time) {
    if (uses(pattern, "f")) {
      return time.plusNanos(1000);
    }
    if (uses(pattern, "STXc")) {
      return time.truncatedTo(ChronoUnit.SECONDS).plusSeconds(1);
    }
    if (uses(pattern, "MR")) {
      return time.truncatedTo(ChronoUnit.MINUTES).plusMinutes(1);
    }
    if (uses(pattern, "HIp")) {
      return time.truncatedTo(ChronoUnit.HOURS).plusHours(1);
    }
    return time.toLocalDate().plusDays(1).atStartOfDay(time.getZone());
  }

  private static boolean uses(String pattern, String directives) {
    for (int at = pattern.indexOf('%'); at >= 0; at = pattern.indexOf('%', at + 2)) {
      int directive = pattern.startsWith("%-", at) ? at + 2 : at + 1;
      if (directive < pattern.length() && directives.indexOf(pattern.charAt(directive)) >= 0) {
        return true;
      }
    }
    return false;
  }

  private static String two(int number) {
    return number < 10 ? "0" + number : Integer.toString(number);
  }

  private static String name(String pattern, ZonedDateTime time) {
    return DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH).format(time);
  }
}
