// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.reconcile.Reconciler.Key;
import dev.havn.reconcile.Reconciler.Result;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ControllerTest {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  private static final Key A = new Key("", "a");
  private static final Key B = new Key("", "b");

  private final VirtualTime time = new VirtualTime(START);
  private final List<String> worked = new ArrayList<>();

  private Controller controller(Reconciler reconciler, int workers) {
    return new Controller(
        "test",
        key -> {
          worked.add(key.name() + "@" + Duration.between(START, time.instant()).toMillis());
          return reconciler.reconcile(key);
        },
        time,
        time,
        workers);
  }

  @Test
  void aKeyWaitsOnceHoweverOftenItIsAdded() {
    Controller controller = controller(_ -> Result.DONE, 1);
    for (int i = 0; i < 10; i++) {
      controller.add(A);
    }
    time.settle();
    assertThat(worked).containsExactly("a@0");
    assertThat(controller.isIdle()).isTrue();
  }

  @Test
  void whatMustNotStandStillForLongIsTriedAgainSoon() {
    int[] tries = new int[1];
    Controller controller =
        new Controller(
            "test",
            _ -> {
              tries[0]++;
              throw new IllegalStateException("the disk is full");
            },
            time,
            time,
            1,
            Duration.ofSeconds(30));
    controller.add(A);
    time.advance(Duration.ofHours(1));
    assertThat(tries[0]).isGreaterThan(110);
  }

  @Test
  void aTimeOfDayIsReachedWhateverTheClockDoes() {
    Instant nine = START.plus(Duration.ofHours(15));
    List<Instant> done = new ArrayList<>();
    Controller controller =
        controller(
            _ -> {
              Duration left = Duration.between(time.instant(), nine);
              if (left.isPositive()) {
                return Result.atTime(left);
              }
              done.add(time.instant());
              return Result.DONE;
            },
            1);
    controller.add(A);
    time.advance(Duration.ofHours(1));
    time.jump(Duration.ofHours(14));
    time.advance(Duration.ofMinutes(1));
    assertThat(done).hasSize(1);
  }

  @Test
  void aKeyThatIsAddedWhileItIsWorkedOnIsLookedAtAgainAndAfterTheOthers() {
    Controller[] controller = new Controller[1];
    controller[0] =
        controller(
            key -> {
              if (key.equals(A) && worked.size() == 1) {
                controller[0].add(A);
              }
              return Result.DONE;
            },
            1);
    controller[0].add(A);
    controller[0].add(B);
    time.settle();
    assertThat(worked).containsExactly("a@0", "b@0", "a@0");
  }

  @Test
  void nothingIsWorkedOnBeforeAllCachesAreThere() {
    Controller controller = controller(_ -> Result.DONE, 1);
    List<Runnable> caches = new ArrayList<>();
    controller.awaits(caches::add);
    controller.awaits(caches::add);
    controller.awaits(Runnable::run);
    controller.add(A);
    time.settle();
    caches.getFirst().run();
    controller.resume();
    time.settle();
    assertThat(worked).as("one cache is missing").isEmpty();
    time.advance(Duration.ofSeconds(1));
    caches.getLast().run();
    time.settle();
    assertThat(worked).containsExactly("a@1000");
  }

  @Test
  void whoDoesNotLeadDoesNotBeginBecauseCachesAreThere() {
    Controller controller = controller(_ -> Result.DONE, 1);
    List<Runnable> caches = new ArrayList<>();
    controller.awaits(caches::add);
    controller.pause();
    controller.add(A);
    caches.getFirst().run();
    time.settle();
    assertThat(worked).isEmpty();
    controller.resume();
    time.settle();
    assertThat(worked).containsExactly("a@0");
  }

  @Test
  void anErrorCostsNeitherTheKeyNorTheWorker() {
    Controller controller =
        controller(
            _ -> {
              if (worked.size() == 1) {
                throw new StackOverflowError("too deep");
              }
              return Result.DONE;
            },
            1);
    controller.add(A);
    controller.add(B);
    assertThatThrownBy(time::settle).isInstanceOf(StackOverflowError.class);
    time.advance(Duration.ofSeconds(1));
    assertThat(worked).containsExactly("a@0", "b@0", "a@5");
  }

  @Test
  void failuresAreTriedAgainLaterEachTimeUntilOneSucceeds() {
    Controller controller =
        controller(
            _ -> {
              if (worked.size() < 5) {
                throw new IllegalStateException("not yet");
              }
              return Result.DONE;
            },
            1);
    controller.add(A);
    time.advance(Duration.ofSeconds(10));
    assertThat(worked).containsExactly("a@0", "a@5", "a@15", "a@35", "a@75");
    assertThat(controller.counts().retries()).isEqualTo(4);
    worked.clear();
    controller.add(A);
    time.settle();
    time.advance(Duration.ofMillis(5));
    assertThat(worked).startsWith("a@10000", "a@10005");
  }

  @Test
  void failuresAreNeverFurtherApartThanAThousandSeconds() {
    Controller controller =
        controller(
            _ -> {
              throw new IllegalStateException("never");
            },
            1);
    controller.add(A);
    time.advance(Duration.ofHours(2));
    int before = worked.size();
    time.advance(Duration.ofSeconds(3_000));
    assertThat(worked.size() - before).isEqualTo(3);
  }

  @Test
  void oneTimerAKeyHoweverOftenItAsksToBeLookedAtAgain() {
    Controller controller = controller(_ -> Result.after(Duration.ofSeconds(5)), 1);
    for (int i = 0; i < 100; i++) {
      controller.add(A);
      time.settle();
    }
    worked.clear();
    time.advance(Duration.ofSeconds(20));
    assertThat(worked).hasSize(4);
  }

  @Test
  void theEarlierTimeCounts() {
    Controller controller = controller(_ -> Result.DONE, 1);
    controller.addAfter(A, Duration.ofSeconds(9));
    controller.addAfter(A, Duration.ofSeconds(2));
    controller.addAfter(A, Duration.ofSeconds(5));
    time.advance(Duration.ofMinutes(1));
    assertThat(worked).containsExactly("a@2000");
  }

  @Test
  void whilePausedKeysWait() {
    Controller controller = controller(_ -> Result.DONE, 2);
    controller.pause();
    controller.add(A);
    controller.add(B);
    time.settle();
    assertThat(worked).isEmpty();
    assertThat(controller.counts().depth()).isEqualTo(2);
    controller.resume();
    time.settle();
    assertThat(worked).containsExactlyInAnyOrder("a@0", "b@0");
  }

  @Test
  void whatWaitsAndWhatWorksIsMeasured() {
    List<Controller.Times> meanwhile = new ArrayList<>();
    Controller[] controller = new Controller[1];
    controller[0] =
        controller(
            key -> {
              if (key.equals(A)) {
                time.jump(Duration.ofMillis(50));
                meanwhile.add(controller[0].counts().times());
              }
              return Result.DONE;
            },
            1);
    controller[0].pause();
    controller[0].add(A);
    controller[0].add(B);
    time.jump(Duration.ofSeconds(2));
    controller[0].add(A);
    controller[0].resume();
    time.settle();
    Controller.Times now = controller[0].counts().times();
    assertThat(now.waits().bounds()).startsWith(1e-8, 1e-7).endsWith(1.0, 10.0);
    assertThat(now.waits().within()).containsExactly(0L, 0L, 0L, 0L, 0L, 0L, 0L, 0L, 0L, 2L);
    assertThat(now.waits().seconds()).isEqualTo(2 + 2.05);
    assertThat(now.works().within()).containsExactly(1L, 1L, 1L, 1L, 1L, 1L, 1L, 2L, 2L, 2L);
    assertThat(now.works().count()).isEqualTo(2);
    assertThat(now.unfinishedSeconds()).isZero();
    assertThat(meanwhile.getFirst().unfinishedSeconds()).isEqualTo(0.05);
    assertThat(meanwhile.getFirst().longestSeconds()).isEqualTo(0.05);
    assertThat(meanwhile.getFirst().works().count()).isZero();
  }

  @Test
  void whatWaitsUntilALaterTimeDoesNotWaitInTheQueue() {
    Controller controller = controller(_ -> Result.DONE, 1);
    controller.addAfter(A, Duration.ofSeconds(9));
    time.advance(Duration.ofMinutes(1));
    assertThat(controller.counts().times().waits().seconds()).isZero();
  }

  @Test
  void nothingHappensAfterItIsClosed() {
    Controller controller = controller(_ -> Result.DONE, 1);
    controller.addAfter(A, Duration.ofSeconds(1));
    controller.add(B);
    controller.close();
    time.advance(Duration.ofMinutes(1));
    assertThat(worked).isEmpty();
  }

  @Test
  void aClosedControllerHasEndedWhenTheLastWorkerHas() {
    List<Boolean> ended = new ArrayList<>();
    Controller[] controller = new Controller[1];
    controller[0] =
        controller(
            _ -> {
              controller[0].close();
              ended.add(controller[0].ended().isDone());
              return Result.after(Duration.ofSeconds(1));
            },
            2);
    controller[0].add(A);
    controller[0].add(B);
    assertThat(controller[0].ended()).as("it is open").isNotDone();
    time.advance(Duration.ofMinutes(1));
    assertThat(worked).containsExactly("a@0");
    assertThat(ended).as("while it was worked").containsExactly(false);
    assertThat(controller[0].ended()).isCompleted();
  }

  @Test
  void aControllerWithNothingToDoHasEndedAtOnce() {
    Controller controller = controller(_ -> Result.DONE, 1);
    controller.add(A);
    controller.close();
    assertThat(controller.ended()).isCompleted();
  }
}
