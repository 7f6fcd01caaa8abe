// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.cronjob;

import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// When something is due: five fields of cron in a time zone, or every so often.
///
/// Written here because libraries for Java give the words other meanings than the one that
/// Kubernetes reads them with: there a day is due that either its field of days or its field of
/// weekdays names (both, when one of them is a star), an hour that the clocks skip is not made up
/// for, and one that they repeat is due twice. Left out is what happens to that one where clocks
/// move by half an hour: it is half an hour late until the day after next.
sealed interface Schedule permits CronFields, Schedule.Interval {
  /// The next time after `time`; empty when there is none in five years.
  Optional<Instant> next(Instant time);

  /// The zone of schedules that name none: the machine's own means nothing to others.
  ZoneId NO_ZONE = ZoneOffset.UTC;

  String EVERY = "@every ";

  Map<String, String> WORDS =
      Map.of(
          "@yearly", "0 0 1 1 *",
          "@annually", "0 0 1 1 *",
          "@monthly", "0 0 1 * *",
          "@weekly", "0 0 * * 0",
          "@daily", "0 0 * * *",
          "@midnight", "0 0 * * *",
          "@hourly", "0 * * * *");

  Map<String, Long> UNITS_NANOS =
      Map.of(
          "ns", 1L,
          "us", 1_000L,
          "µs", 1_000L,
          "μs", 1_000L,
          "ms", 1_000_000L,
          "s", 1_000_000_000L,
          "m", 60_000_000_000L,
          "h", 3_600_000_000_000L);

  Pattern AMOUNT = Pattern.compile("([0-9]+\\.?[0-9]*|\\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)");

  /// A schedule that does not say when.
  final class UnparseableException extends RuntimeException {
    private static final long serialVersionUID = 1;

    UnparseableException(String message) {
      super(message);
    }
  }

  /// @param timeZone of its fields, or null; one in the schedule itself counts before it
  /// @throws UnparseableException for what is no schedule
  static Schedule parse(String text, @Nullable String timeZone) {
    String schedule = text;
    ZoneId zone = timeZone == null ? NO_ZONE : zone(timeZone);
    if (text.startsWith("TZ=") || text.startsWith("CRON_TZ=")) {
      int end = text.contains(" ") ? text.indexOf(' ') : text.length();
      zone = zone(text.substring(text.indexOf('=') + 1, end));
      schedule = text.substring(end).strip();
    }
    if (schedule.startsWith(EVERY)) {
      return Interval.of(duration(schedule.substring(EVERY.length())));
    }
    List<String> fields =
        Arrays.stream(WORDS.getOrDefault(schedule, schedule).split("\\s+"))
            .filter(field -> !field.isEmpty())
            .toList();
    if (fields.size() != 5) {
      throw new UnparseableException(
          "expected exactly 5 fields, found %d: [%s]"
              .formatted(fields.size(), String.join(" ", fields)));
    }
    return new CronFields(
        CronField.minutes(fields.get(0)),
        CronField.hours(fields.get(1)),
        CronField.days(fields.get(2)),
        CronField.months(fields.get(3)),
        CronField.weekdays(fields.get(4)),
        zone);
  }

  /// @throws UnparseableException for a name that is no zone's
  static ZoneId zone(String name) {
    if (name.isEmpty() || name.equals("Local")) {
      return NO_ZONE;
    }
    try {
      return ZoneId.of(name, ZoneId.SHORT_IDS);
    } catch (DateTimeException e) {
      throw new UnparseableException("unknown time zone " + name);
    }
  }

  /// Of a negative one, or none, the least there is becomes the pause.
  private static Duration duration(String text) {
    if (text.matches("[-+]?0")) {
      return Duration.ZERO;
    }
    if (text.startsWith("-") || text.startsWith("+")) {
      Duration amount = amounts(text.substring(1));
      return text.startsWith("-") ? amount.negated() : amount;
    }
    return amounts(text);
  }

  private static Duration amounts(String text) {
    Matcher amounts = AMOUNT.matcher(text);
    BigDecimal nanos = BigDecimal.ZERO;
    int end = 0;
    while (amounts.find() && amounts.start() == end) {
      nanos =
          nanos.add(
              new BigDecimal(amounts.group(1))
                  .multiply(BigDecimal.valueOf(UNITS_NANOS.getOrDefault(amounts.group(2), 0L))));
      end = amounts.end();
    }
    if (end == 0 || end < text.length()) {
      throw new UnparseableException("failed to parse duration " + EVERY + text);
    }
    return Duration.ofNanos(nanos.longValue());
  }

  /// Every so often, in whole seconds.
  record Interval(Duration pause) implements Schedule {
    static Interval of(Duration pause) {
      Duration whole = pause.truncatedTo(ChronoUnit.SECONDS);
      return new Interval(
          whole.compareTo(Duration.ofSeconds(1)) < 0 ? Duration.ofSeconds(1) : whole);
    }

    @Override
    public Optional<Instant> next(Instant time) {
      return Optional.of(time.truncatedTo(ChronoUnit.SECONDS).plus(pause));
    }
  }
}
