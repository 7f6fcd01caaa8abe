// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import dev.havn.schema.codec.GoDuration;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// The syntax of schedules: five fields, or a word for them. What is wrong is said in the words of
/// the library that Kubernetes reads them with.
final class CronSchedule {
  private static final Set<String> SHORT_ZONES = Set.of("EST", "MST", "HST", "ROC");
  private static final List<String> MONTHS =
      List.of("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec");
  private static final List<String> DAYS = List.of("sun", "mon", "tue", "wed", "thu", "fri", "sat");
  private static final List<Field> FIELDS =
      List.of(
          new Field(0, 59, List.of()),
          new Field(0, 23, List.of()),
          new Field(1, 31, List.of()),
          new Field(1, 12, MONTHS),
          new Field(0, 6, DAYS));
  private static final List<String> WORDS =
      List.of("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly");
  private static final String EVERY = "@every ";

  /// @param names of the values from the first on
  private record Field(long first, long last, List<String> names) {}

  /// Thrown to leave at the first thing that is wrong.
  private static final class Wrong extends RuntimeException {
    private static final long serialVersionUID = 1;

    Wrong(String message) {
      super(message, null, false, false);
    }
  }

  private CronSchedule() {}

  /// What is wrong with a schedule; empty when it is well-formed.
  static Optional<String> problem(String text) {
    try {
      check(text);
      return Optional.empty();
    } catch (Wrong e) {
      return Optional.ofNullable(e.getMessage());
    }
  }

  private static void check(String text) {
    String schedule = withoutZone(text);
    if (schedule.startsWith("@")) {
      word(schedule);
      return;
    }
    List<String> fields = Arrays.stream(schedule.split("\\s+")).filter(f -> !f.isEmpty()).toList();
    if (fields.size() != FIELDS.size()) {
      throw new Wrong(
          "expected exactly 5 fields, found %d: [%s]"
              .formatted(fields.size(), String.join(" ", fields)));
    }
    for (int i = 0; i < FIELDS.size(); i++) {
      for (String range : fields.get(i).split(",")) {
        if (!range.isEmpty()) {
          range(range, FIELDS.get(i));
        }
      }
    }
  }

  /// Whether the database of time zones has such a name: Java knows some of them only for their
  /// short form, and others of its own.
  static boolean isZone(String name) {
    return SHORT_ZONES.contains(name)
        || ZoneId.getAvailableZoneIds().contains(name) && !name.startsWith("SystemV/");
  }

  private static String withoutZone(String text) {
    if (!text.startsWith("TZ=") && !text.startsWith("CRON_TZ=")) {
      return text;
    }
    int end = text.contains(" ") ? text.indexOf(' ') : text.length();
    String zone = text.substring(text.indexOf('=') + 1, end);
    if (!zone.isEmpty() && !zone.equals("Local") && !isZone(zone)) {
      throw new Wrong("provided bad location %s: unknown time zone %s".formatted(zone, zone));
    }
    return text.substring(end).strip();
  }

  private static void word(String word) {
    if (WORDS.contains(word)) {
      return;
    }
    if (!word.startsWith(EVERY)) {
      throw new Wrong("unrecognized descriptor: " + word);
    }
    String duration = word.substring(EVERY.length());
    if (GoDuration.parse(duration).isEmpty()) {
      throw new Wrong(
          "failed to parse duration %s: %s".formatted(word, GoDuration.problem(duration)));
    }
  }

  private static void range(String text, Field field) {
    List<String> parts = new ArrayList<>(List.of(text.split("/", -1)));
    List<String> ends = List.of(parts.getFirst().split("-", -1));
    long first = field.first();
    long last = field.last();
    if (!ends.getFirst().equals("*") && !ends.getFirst().equals("?")) {
      first = value(ends.getFirst(), field);
      last = first;
      if (ends.size() == 2) {
        last = value(ends.get(1), field);
      } else if (ends.size() > 2) {
        throw new Wrong("too many hyphens: " + text);
      }
    }
    long step = 1;
    if (parts.size() == 2) {
      step = number(parts.get(1));
      last = ends.size() == 1 ? field.last() : last;
    } else if (parts.size() > 2) {
      throw new Wrong("too many slashes: " + text);
    }
    bounds(text, field, first, last);
    if (step == 0) {
      throw new Wrong("step of range should be a positive number: " + text);
    }
  }

  private static void bounds(String text, Field field, long first, long last) {
    if (first < field.first()) {
      throw new Wrong(
          "beginning of range (%d) below minimum (%d): %s".formatted(first, field.first(), text));
    }
    if (last > field.last()) {
      throw new Wrong(
          "end of range (%d) above maximum (%d): %s".formatted(last, field.last(), text));
    }
    if (first > last) {
      throw new Wrong(
          "beginning of range (%d) beyond end of range (%d): %s".formatted(first, last, text));
    }
  }

  private static long value(String text, Field field) {
    int named = field.names().indexOf(text.toLowerCase(Locale.ROOT));
    return named >= 0 ? field.first() + named : number(text);
  }

  private static long number(String text) {
    if (!text.matches("[-+]?[0-9]+")) {
      throw new Wrong(notRead(text, "invalid syntax"));
    }
    long number;
    try {
      number = Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new Wrong(notRead(text, "value out of range"));
    }
    if (number < 0) {
      throw new Wrong("negative number (%d) not allowed: %s".formatted(number, text));
    }
    return number;
  }

  private static String notRead(String text, String why) {
    return "failed to parse int from %s: strconv.Atoi: parsing \"%s\": %s"
        .formatted(text, text, why);
  }
}
