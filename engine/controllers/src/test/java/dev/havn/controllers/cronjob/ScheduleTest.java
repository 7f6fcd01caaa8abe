// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.cronjob;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScheduleTest {
  private static List<String> lines() throws IOException {
    try (InputStream in = ScheduleTest.class.getResourceAsStream("next-times.txt")) {
      return new String(
              Objects.requireNonNull(in, "next-times.txt").readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> !line.startsWith("#"))
          .toList();
    }
  }

  private static String next(Schedule schedule, Instant after) {
    List<String> times = new ArrayList<>();
    Instant last = after;
    while (times.size() < 3) {
      Optional<Instant> next = schedule.next(last);
      if (next.isEmpty()) {
        times.add("never");
        break;
      }
      last = next.get();
      times.add(last.toString());
    }
    return String.join(" ", times);
  }

  @Test
  void schedulesAreDueWhenTheLibraryOfKubernetesSaysSo() throws IOException {
    List<String> otherwise = new ArrayList<>();
    for (String line : lines()) {
      String[] parts = line.split(" \\| ", -1);
      String times = next(Schedule.parse(parts[0], parts[1]), Instant.parse(parts[2]));
      if (!times.equals(parts[3])) {
        otherwise.add(line + "\n  but was " + times);
      }
    }
    assertThat(otherwise).isEmpty();
  }

  @Test
  void aZoneInTheScheduleCountsBeforeTheOther() {
    Schedule schedule = Schedule.parse("CRON_TZ=Asia/Kolkata 30 6 * * *", "Europe/Berlin");
    assertThat(schedule.next(Instant.parse("2026-01-01T00:00:00Z")))
        .contains(Instant.parse("2026-01-01T01:00:00Z"));
  }

  @Test
  void anIntervalCountsWholeSecondsAndOneAtLeast() {
    Instant time = Instant.parse("2026-01-01T00:00:00.250Z");
    assertThat(Schedule.parse("@every 1.5m", null).next(time))
        .contains(Instant.parse("2026-01-01T00:01:30Z"));
    assertThat(Schedule.parse("@every -5m", null).next(time))
        .contains(Instant.parse("2026-01-01T00:00:01Z"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 7",
        "5-1 * * * *",
        "*/0 * * * *",
        "1-2-3 * * * *",
        "1/2/3 * * * *",
        "x * * * *",
        "-1 * * * *",
        "@fortnightly",
        "@every soon",
        "@every 5",
        "TZ=Nowhere/None * * * * *"
      })
  void whatIsNoScheduleIsRefused(String text) {
    assertThatThrownBy(() -> Schedule.parse(text, null))
        .isInstanceOf(Schedule.UnparseableException.class);
  }
}
