// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import dev.havn.scheduler.plugin.Change;
import dev.havn.scheduler.queue.QueueFigures.Arrival;
import dev.havn.scheduler.state.PodFacts;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SchedulingQueueTest {
  private static final Change HELPS = new Change.OfObject(null, new PersistentVolume());
  private static final Change HELPS_NOBODY = new Change.OfObject(null, new PersistentVolumeClaim());

  private static final Change CONCERNS_OTHERS = new Change.OfObject(null, new StorageClass());

  private final SchedulingQueue queue =
      new SchedulingQueue(Duration.ofSeconds(1), Duration.ofSeconds(10), new Counted());
  private int questions;
  private Instant now = Instant.parse("2026-01-01T00:00:00Z");

  /// Counts how often it is asked about a pod.
  private final class Counted implements SchedulingQueue.Hints {
    @Override
    public boolean concerns(String plugin, Change change) {
      return !plugin.equals("Fit") || !change.equals(CONCERNS_OTHERS);
    }

    @Override
    public boolean mayHelp(String plugin, Change change, PodFacts pod) {
      questions++;
      return plugin.equals("Fit") && helps(change);
    }
  }

  private static boolean helps(Change change) {
    return change.equals(HELPS)
        || (change instanceof Change.OfItself self
            && self.before().priority() != self.after().priority());
  }

  private static PodFacts pod(String name, int priority, boolean gated) {
    PodBuilder pod =
        new PodBuilder()
            .withNewMetadata()
            .withName(name)
            .withUid(name)
            .withNamespace("default")
            .endMetadata()
            .withNewSpec()
            .withSchedulerName("s")
            .withPriority(priority)
            .endSpec();
    return PodFacts.of(
        gated ? pod.editSpec().addNewSchedulingGate("a.b/c").endSpec().build() : pod.build());
  }

  private @Nullable String take() {
    @Nullable QueuedPod taken = queue.take(now);
    return taken == null ? null : taken.facts().name();
  }

  private void refuse(String plugin) {
    refuse(plugin, () -> {});
  }

  /// @param meanwhile what happens while the pod is looked at
  private void refuse(String plugin, Runnable meanwhile) {
    QueuedPod taken = Objects.requireNonNull(queue.take(now));
    meanwhile.run();
    queue.refused(taken, Set.of(plugin), now);
  }

  @Test
  void theMostImportantIsNextAndThenWhoCameFirst() {
    queue.put(pod("low", 0, false), now);
    queue.put(pod("first", 10, false), now);
    now = now.plusSeconds(1);
    queue.put(pod("second", 10, false), now);
    List<String> order = new ArrayList<>();
    for (@Nullable String next = take(); next != null; next = take()) {
      order.add(next);
    }
    assertThat(order).containsExactly("first", "second", "low");
  }

  @Test
  void nobodyWaitsLongerWhenTheClockGoesBack() {
    PodFacts failed = pod("failed", 0, false);
    queue.put(failed, now);
    take();
    queue.failed(failed, now);
    assertThat(take()).isNull();
    now = now.minus(Duration.ofHours(1));
    assertThat(take()).isEqualTo("failed");
  }

  @Test
  void whoWasRefusedWaitsForSomethingThatHelps() {
    queue.put(pod("p", 0, false), now);
    refuse("Fit");
    assertThat(take()).isNull();
    queue.changed(HELPS_NOBODY, now);
    assertThat(take()).isNull();
    queue.changed(HELPS, now);
    assertThat(take()).isEqualTo("p");
  }

  @Test
  void whatDoesNotConcernThemCostsNothingHoweverManyWait() {
    for (int i = 0; i < 1_000; i++) {
      queue.put(pod("p" + i, 0, false), now);
      refuse("Fit");
    }
    queue.put(pod("other", 0, false), now);
    refuse("Other");
    queue.changed(CONCERNS_OTHERS, now);
    assertThat(questions).isEqualTo(1);
    queue.changed(HELPS_NOBODY, now);
    assertThat(questions).isEqualTo(1_002);
  }

  @Test
  void whoIsChangedAgainAndAgainIsStillLookedAtAfterFiveMinutes() {
    queue.put(pod("changed", 0, false), now);
    refuse("Other");
    now = now.plusSeconds(60);
    queue.put(pod("younger", 0, false), now);
    refuse("Other");
    queue.put(pod("changed", 0, false), now);
    now = now.plusSeconds(250);
    queue.flush(now);
    assertThat(take()).isEqualTo("changed");
    assertThat(take()).isNull();
  }

  @Test
  void onlyThePluginThatRefusedIsAsked() {
    queue.put(pod("p", 0, false), now);
    refuse("Other");
    queue.changed(HELPS, now);
    assertThat(take()).isNull();
  }

  @Test
  void whatHelpsWhileAPodIsLookedAtIsNotMissed() {
    queue.put(pod("refused", 100, false), now);
    refuse("Fit", () -> queue.changed(HELPS, now));
    queue.put(pod("new", 0, false), now);
    assertThat(take()).as("a pause is kept").isEqualTo("new");
    refuse("Fit");
    assertThat(take()).as("what happened earlier counts once").isNull();
  }

  @Test
  void whatHelpsNobodyWhileAPodIsLookedAtLetsItWait() {
    queue.put(pod("p", 0, false), now);
    queue.changed(HELPS, now);
    refuse("Fit", () -> queue.changed(HELPS_NOBODY, now));
    queue.put(pod("other", 0, false), now);
    refuse("Other", () -> queue.changed(HELPS, now));
    assertThat(queue.ready()).as("the first was helped by what helped not the second").isEqualTo(1);
    assertThat(take()).isEqualTo("p");
  }

  @Test
  void aPodThatIsChangedWhileItIsLookedAtIsLookedAtAgain() {
    queue.put(pod("p", 0, false), now);
    refuse("Fit", () -> queue.put(pod("p", 0, false), now));
    assertThat(take()).isNull();
    queue.put(pod("q", 0, false), now);
    refuse("Fit", () -> queue.put(pod("q", 1, false), now));
    QueuedPod again = Objects.requireNonNull(queue.take(now));
    assertThat(again.facts().name()).isEqualTo("q");
    assertThat(again.facts().priority()).isEqualTo(1);
  }

  @Test
  void whereTooMuchHappenedMeanwhileAPodIsLookedAtAgain() {
    queue.put(pod("p", 0, false), now);
    refuse("Fit", () -> happens(Meanwhile.CHANGES_MAX));
    assertThat(take()).isNull();
    queue.put(pod("q", 0, false), now);
    refuse("Fit", () -> happens(Meanwhile.CHANGES_MAX + 1));
    assertThat(take()).isEqualTo("q");
  }

  private void happens(int times) {
    for (int i = 0; i < times; i++) {
      queue.changed(HELPS_NOBODY, now);
    }
  }

  @Test
  void whoIsWantedWhileLookedAtIsLookedAtAgain() {
    queue.put(pod("p", 0, false), now);
    refuse("Other", () -> queue.activate("p", now));
    assertThat(take()).isEqualTo("p");
  }

  @Test
  void whoKeepsAPauseComesAfterThoseThatKeepNone() {
    queue.put(pod("refused", 100, false), now);
    refuse("Fit");
    queue.changed(HELPS, now);
    queue.put(pod("new", 0, false), now);
    assertThat(take()).isEqualTo("new");
    assertThat(take()).isEqualTo("refused");
  }

  @Test
  void aPauseThatIsOverCountsNoMore() {
    queue.put(pod("refused", 100, false), now);
    refuse("Fit");
    now = now.plusSeconds(1);
    queue.changed(HELPS, now);
    queue.put(pod("new", 0, false), now);
    assertThat(take()).isEqualTo("refused");
  }

  @Test
  void pausesDoubleUpToTheLongest() {
    queue.put(pod("p", 0, false), now);
    List<Long> pauses = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      QueuedPod taken = Objects.requireNonNull(queue.take(now));
      queue.failed(taken.facts(), now);
      Instant due = Objects.requireNonNull(queue.due());
      pauses.add(Duration.between(now, due).toSeconds());
      assertThat(queue.take(due.minusMillis(1))).isNull();
      now = due;
    }
    assertThat(pauses).containsExactly(1L, 2L, 4L, 8L, 10L, 10L);
  }

  /// How long a pod pauses that got a node and could not be bound to it.
  private long failToBind(String name) {
    QueuedPod taken = Objects.requireNonNull(queue.take(now));
    assertThat(taken.facts().name()).isEqualTo(name);
    queue.placed(name);
    assertThat(queue.has(name)).isFalse();
    queue.failed(pod(name, 0, false), now);
    Instant due = Objects.requireNonNull(queue.due());
    long pause = Duration.between(now, due).toSeconds();
    now = due;
    return pause;
  }

  @Test
  void whoGetsANodeAgainAndAgainAndIsNotBoundPausesLonger() {
    queue.put(pod("p", 0, false), now);
    List<Long> pauses = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      pauses.add(failToBind("p"));
    }
    assertThat(pauses).containsExactly(1L, 2L, 4L, 8L, 10L, 10L);
  }

  @Test
  void refusalsAndFailuresAreCountedApart() {
    queue.put(pod("p", 0, false), now);
    for (int i = 0; i < 3; i++) {
      refuse("Fit");
      queue.changed(HELPS, now);
    }
    assertThat(failToBind("p")).as("the first failure").isEqualTo(1);
    assertThat(failToBind("p")).isEqualTo(2);
    refuse("Fit");
    now = now.plusSeconds(7);
    queue.changed(HELPS, now);
    queue.put(pod("new", -1, false), now);
    assertThat(take()).as("the fourth refusal is paused for 8 seconds").isEqualTo("new");
    assertThat(failToBind("p")).as("failures are counted anew").isEqualTo(1);
  }

  @Test
  void whoIsBoundOrGoneIsForgotten() {
    queue.put(pod("p", 0, false), now);
    failToBind("p");
    take();
    queue.placed("p");
    queue.remove("p");
    queue.failed(pod("p", 0, false), now);
    assertThat(queue.due()).as("the first failure again").isEqualTo(now.plusSeconds(1));
  }

  @Test
  void afterFiveMinutesEachGetsAnotherChance() {
    queue.put(pod("p", 0, false), now);
    refuse("Other");
    assertThat(queue.due()).isEqualTo(now.plus(Duration.ofMinutes(5)));
    queue.flush(now.plusSeconds(299));
    assertThat(take()).isNull();
    queue.flush(now.plusSeconds(300));
    assertThat(take()).isEqualTo("p");
  }

  @Test
  void agatedPodIsNotLookedAtUntilItsGatesAreOpen() {
    queue.put(pod("p", 0, true), now);
    assertThat(take()).isNull();
    queue.put(pod("p", 0, false), now);
    assertThat(take()).isEqualTo("p");
  }

  @Test
  void whoIsGoneIsForgottenWhereverItIs() {
    queue.put(pod("waiting", 0, false), now);
    refuse("Fit");
    queue.put(pod("taken", 0, false), now);
    QueuedPod taken = Objects.requireNonNull(queue.take(now));
    queue.remove("waiting");
    queue.remove("taken");
    queue.refused(taken, Set.of("Fit"), now);
    queue.changed(HELPS, now);
    assertThat(take()).isNull();
    assertThat(queue.size()).isZero();
  }

  private static Arrival arrival(String queue, String event) {
    return new Arrival(queue, event);
  }

  @Test
  void whatBroughtPodsWhereIsCounted() {
    queue.put(pod("gated", 0, true), now);
    queue.put(pod("p", 0, false), now);
    refuse("Fit");
    queue.changed(HELPS_NOBODY, now);
    queue.changed(HELPS, now);
    assertThat(take()).isEqualTo("p");
    queue.failed(pod("p", 0, false), now);
    now = now.plusSeconds(1);
    refuse("Other");
    now = now.plusSeconds(300);
    queue.flush(now);
    refuse("Fit");
    queue.activate("p", now);
    refuse("Fit");
    queue.changed(HELPS, now);
    now = now.plusSeconds(10);
    refuse("Fit");
    queue.put(pod("gated", 0, false), now);
    assertThat(queue.figures().arrivals())
        .containsOnly(
            entry(arrival("active", "UnschedulablePodAdd"), 1L),
            entry(arrival("unschedulable", "UnschedulablePodAdd"), 1L),
            entry(arrival("unschedulable", "ScheduleAttemptFailure"), 5L),
            entry(arrival("backoff", "PersistentVolumeAdd"), 2L),
            entry(arrival("active", "PopFromBackoffQ"), 1L),
            entry(arrival("backoff", "ScheduleAttemptFailure"), 1L),
            entry(arrival("active", "BackoffComplete"), 2L),
            entry(arrival("active", "UnschedulableTimeout"), 1L),
            entry(arrival("active", "ForceActivate"), 1L),
            entry(arrival("active", "UnschedulablePodUpdatePodSchedulingGatesEliminated"), 1L));
  }

  @Test
  void whoWaitsIsCountedByWhereAndWhoRefusedIt() {
    queue.put(pod("fit", 9, false), now);
    refuse("Fit");
    queue.put(pod("other", 8, false), now);
    queue.refused(Objects.requireNonNull(queue.take(now)), Set.of("Fit", "Other"), now);
    queue.put(pod("failed", 7, false), now);
    take();
    queue.failed(pod("failed", 7, false), now);
    queue.put(pod("gated", 6, true), now);
    queue.put(pod("new", 5, false), now);
    queue.put(pod("newer", 4, false), now);
    take();
    QueueFigures figures = queue.figures();
    assertThat(figures.pending())
        .containsOnly(
            entry("active", 1), entry("backoff", 1), entry("unschedulable", 2), entry("gated", 1));
    assertThat(figures.refused())
        .containsOnly(
            entry(new QueueFigures.Refused("Fit", "s"), 2),
            entry(new QueueFigures.Refused("Other", "s"), 1),
            entry(new QueueFigures.Refused("SchedulingGates", "s"), 1));
    queue.changed(HELPS, now);
    assertThat(queue.figures().refused())
        .as("until it is looked at again")
        .containsEntry(new QueueFigures.Refused("Fit", "s"), 2);
    queue.remove("fit");
    queue.remove("gated");
    assertThat(queue.figures().refused())
        .containsOnly(
            entry(new QueueFigures.Refused("Fit", "s"), 1),
            entry(new QueueFigures.Refused("Other", "s"), 1));
  }
}
