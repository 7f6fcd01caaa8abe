// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.cronjob;

import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/// Five fields in a time zone.
record CronFields(
    CronField minutes,
    CronField hours,
    CronField days,
    CronField months,
    CronField weekdays,
    ZoneId zone)
    implements Schedule {

  /// The 29th of February of a year that has none comes within them, except around 2100.
  private static final int YEARS_MAX = 5;

  @Override
  public Optional<Instant> next(Instant time) {
    ZonedDateTime from =
        time.atZone(zone).truncatedTo(ChronoUnit.MINUTES).plus(1, ChronoUnit.MINUTES);
    int lastYear = from.getYear() + YEARS_MAX;
    LocalDate day = from.toLocalDate();
    while (day.getYear() <= lastYear) {
      if (!months.has(day.getMonthValue())) {
        day = day.withDayOfMonth(1).plusMonths(1);
      } else if (!isDue(day)) {
        day = day.plusDays(1);
      } else {
        ZonedDateTime morning = day.atStartOfDay(zone);
        Optional<Instant> due = onDay(morning.isBefore(from) ? from : morning, day);
        if (due.isPresent()) {
          return due;
        }
        day = day.plusDays(1);
      }
    }
    return Optional.empty();
  }

  private boolean isDue(LocalDate day) {
    boolean named = days.has(day.getDayOfMonth());
    boolean weekday = weekdays.has(day.getDayOfWeek().getValue() % 7);
    return days.any() || weekdays.any() ? named && weekday : named || weekday;
  }

  /// Goes by the time that passes, not by what clocks show: an hour may be there twice, or not.
  private Optional<Instant> onDay(ZonedDateTime from, LocalDate day) {
    ZonedDateTime at = from;
    while (at.toLocalDate().equals(day)) {
      if (!hours.has(at.getHour())) {
        at = at.plusMinutes(60L - at.getMinute());
      } else if (!minutes.has(at.getMinute())) {
        at = at.plusMinutes(1);
      } else {
        return Optional.of(at.toInstant());
      }
    }
    return Optional.empty();
  }
}
