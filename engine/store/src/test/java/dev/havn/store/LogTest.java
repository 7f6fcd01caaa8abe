// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LogTest {
  private static Event event(long revision, int bytes) {
    Entry before = new Entry("/k/" + revision, new byte[bytes], 1, 1);
    return new Event(revision, before, new Entry("/k/" + revision, new byte[1], 1, revision));
  }

  private static List<Long> revisions(Log log) {
    List<Event> found = new ArrayList<>();
    log.read(log.first(), "/k/", 100, found);
    return found.stream().map(Event::revision).toList();
  }

  @Test
  void largeValuesPushOutOlderOnesBeforeTheRingIsFull() {
    Log log = new Log(1, 1 << 10, 1_000);
    for (int revision = 1; revision <= 5; revision++) {
      log.append(event(revision, 400));
    }
    assertThat(revisions(log)).containsExactly(4L, 5L);
    log.append(event(6, 10));
    assertThat(revisions(log)).containsExactly(4L, 5L, 6L);
  }

  @Test
  void anEventLargerThanTheBoundIsKeptUntilTheNext() {
    Log log = new Log(1, 1 << 10, 1_000);
    log.append(event(1, 5_000));
    assertThat(revisions(log)).containsExactly(1L);
    log.append(event(2, 10));
    assertThat(revisions(log)).containsExactly(2L);
  }

  @Test
  void whatThePresentHoldsTooDoesNotCount() {
    Log log = new Log(1, 1 << 10, 1_000);
    for (int revision = 1; revision <= 5; revision++) {
      log.append(new Event(revision, null, new Entry("/k/" + revision, new byte[400], 1, 1)));
    }
    assertThat(log.first()).isEqualTo(1);
    assertThat(log.excess(0, 5)).isZero();
  }

  @Test
  void theRingDropsItsOldest() {
    Log log = new Log(1, 1 << 10, Long.MAX_VALUE);
    for (int revision = 1; revision <= (1 << 10) + 3; revision++) {
      log.append(event(revision, 0));
    }
    assertThat(log.first()).isEqualTo(4);
  }
}
