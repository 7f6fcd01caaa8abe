// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CronScheduleTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "* * * * *",
        "0-59/15 0,12 1 JAN-jun mon",
        "? * * * *",
        "0 0 31 2 *",
        "@daily",
        "@every 1h30m",
        "TZ=Europe/Berlin 5 4 * * *"
      })
  void aScheduleIsFiveFieldsOrAWord(String schedule) {
    assertThat(CronSchedule.problem(schedule)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "* * * *| expected exactly 5 fields, found 4: [* * * *]",
        "60 * * * *| end of range (60) above maximum (59): 60",
        "* * 0 * *| beginning of range (0) below minimum (1): 0",
        "5-1 * * * *| beginning of range (5) beyond end of range (1): 5-1",
        "*/0 * * * *| step of range should be a positive number: */0",
        "1-2-3 * * * *| too many hyphens: 1-2-3",
        "1/2/3 * * * *| too many slashes: 1/2/3",
        "a * * * *| failed to parse int from a: strconv.Atoi: parsing \"a\": invalid syntax",
        "@often| unrecognized descriptor: @often",
        "@every x| failed to parse duration @every x: time: invalid duration \"x\"",
        "TZ=Nowhere * * * * *| provided bad location Nowhere: unknown time zone Nowhere"
      })
  void whatIsWrongIsSaid(String schedule, String problem) {
    assertThat(CronSchedule.problem(schedule)).contains(problem);
  }

  @ParameterizedTest
  @CsvSource({"EST, true", "ROC, true", "Europe/Berlin, true", "UTC, true", "SystemV/EST5, false"})
  void zonesAreThoseOfTheDatabase(String zone, boolean known) {
    assertThat(CronSchedule.isZone(zone)).isEqualTo(known);
  }
}
