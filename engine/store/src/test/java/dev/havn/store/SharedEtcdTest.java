// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import static dev.havn.store.StoreContract.bytes;
import static dev.havn.store.StoreContract.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Several stores on one etcd, and an etcd that goes away and comes back.
class SharedEtcdTest {
  private static final String PREFIX = "/test/";

  /// Writes between two kills.
  private static final int COUNTS = 100;

  @TempDir private Path folder;
  private final ScheduledExecutorService executor = Executors.newScheduledThreadPool(8);
  private EtcdProcess etcd;
  private EtcdStore one;
  private EtcdStore other;

  @BeforeEach
  void start() throws IOException {
    etcd = EtcdProcess.start(folder.resolve("data"));
    one = open(PREFIX, Sealing.NONE);
    other = open(PREFIX, Sealing.NONE);
  }

  private EtcdStore open(String prefix, Sealing sealing) {
    EtcdSettings settings =
        new EtcdSettings(EtcdSettings.endpoints(etcd.url()), "", prefix, null, null, null);
    return EtcdStore.open(settings, sealing, InstantSource.system(), executor);
  }

  @AfterEach
  void stop() throws IOException {
    if (etcd != null) {
      one.close();
      other.close();
      etcd.close();
    }
    executor.shutdownNow();
  }

  @Test
  void aRefreshShowsWhatTheOtherWasAcknowledged() {
    for (int i = 0; i < 200; i++) {
      one.put("k", bytes("" + i), Store.ANY, null);
      other.refresh();
      assertThat(text(other.get("k"))).isEqualTo("" + i);
      assertThat(other.revision()).isGreaterThanOrEqualTo(one.revision());
    }
  }

  @Test
  void aWriteComparesWithWhatTheOtherWroteAndThenSeesIt() {
    Outcome.Done first = (Outcome.Done) one.put("k", bytes("1"), 0, null);
    Outcome second = other.put("k", bytes("2"), 0, null);
    assertThat(second)
        .isInstanceOfSatisfying(
            Outcome.Mismatch.class, m -> assertThat(text(m.current())).isEqualTo("1"));
    assertThat(text(other.get("k"))).isEqualTo("1");
    assertThat(other.put("k", bytes("2"), first.revision(), null)).isInstanceOf(Outcome.Done.class);
    assertThat(one.delete("k", first.revision())).isInstanceOf(Outcome.Mismatch.class);
    assertThat(text(one.get("k"))).isEqualTo("2");
  }

  @Test
  void twoPrefixesAreTwoStores() {
    try (EtcdStore apart = open("/elsewhere/", Sealing.NONE)) {
      one.put("k", bytes("1"), 0, null);
      apart.refresh();
      assertThat(apart.get("k")).isNull();
      assertThat(apart.put("k", bytes("x"), 0, null)).isInstanceOf(Outcome.Done.class);
      one.refresh();
      assertThat(text(one.get("k"))).isEqualTo("1");
    }
  }

  @Test
  void aLockHoldsForBothAndEndsSoonAfterItsHolder() throws InterruptedException {
    CountDownLatch held = new CountDownLatch(1);
    CountDownLatch release = new CountDownLatch(1);
    List<String> order = new ArrayList<>();
    Thread holder =
        Thread.ofVirtual()
            .start(
                () ->
                    one.alone(
                        "x",
                        () -> {
                          held.countDown();
                          awaitQuietly(release);
                          order.add("one");
                          return null;
                        }));
    held.await();
    Thread waiter =
        Thread.ofVirtual()
            .start(
                () ->
                    other.alone(
                        "x",
                        () -> {
                          order.add("other");
                          return null;
                        }));
    release.countDown();
    holder.join();
    waiter.join();
    assertThat(order).containsExactly("one", "other");
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void nothingIsWrittenUnderALockThatIsLost() {
    assertThatThrownBy(
            () ->
                one.alone(
                    "x",
                    () -> {
                      other.notes().remove("locks/x");
                      return one.put("k", bytes("1"), 0, null);
                    }))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("another may have its lock");
    assertThat(one.get("k")).isNull();
  }

  @Test
  void aKeyWithATimeToLiveEndsByItselfForBoth() throws InterruptedException {
    CountDownLatch gone = new CountDownLatch(1);
    one.put("k", bytes("1"), 0, Duration.ofSeconds(3));
    other.refresh();
    Cursor cursor = other.watch("k", other.revision());
    assertThat(other.get("k")).isNotNull();
    cursor.onReady(gone::countDown);
    gone.await();
    assertThat(cursor.poll(10)).singleElement().satisfies(e -> assertThat(e.current()).isNull());
    assertThat(other.get("k")).isNull();
  }

  @Test
  void withoutEtcdReadsGoOnAndWritesFailUntilItIsBack() throws Exception {
    one.put("k", bytes("1"), 0, null);
    Cursor cursor = one.watch("", one.revision());
    etcd.kill();
    assertThat(text(one.get("k"))).isEqualTo("1");
    StoreException refused =
        catchThrowableOfType(StoreException.class, () -> one.put("k", bytes("2"), Store.ANY, null));
    assertThat(refused.kind()).isEqualTo(StoreException.Kind.UNREACHABLE);
    assertThat(refused).hasMessageContaining("etcd at " + etcd.url() + " does not answer");
    assertThatThrownBy(() -> one.refresh()).isInstanceOf(StoreException.class);
    assertThat(cursor.poll(10)).isEmpty();
    etcd.start();
    CountDownLatch seen = new CountDownLatch(1);
    cursor.onReady(seen::countDown);
    writeUntilTaken(other, "k", "3");
    seen.await();
    List<Event> events = cursor.poll(10);
    assertThat(text(events.getLast().current())).isEqualTo("3");
    one.refresh();
    assertThat(text(one.get("k"))).isEqualTo("3");
  }

  private static void writeUntilTaken(Store store, String key, String value) {
    while (true) {
      try {
        store.put(key, bytes(value), Store.ANY, null);
        return;
      } catch (StoreException notYet) {
        assertThat(notYet.kind()).isEqualTo(StoreException.Kind.UNREACHABLE);
      }
    }
  }

  @Test
  void aFollowerThatEtcdHasForgottenReadsEverythingAgainAndItsCursorsAreTooLate() throws Exception {
    one.put("gone", bytes("1"), 0, null);
    one.put("stays", bytes("1"), 0, null);
    other.refresh();
    Cursor cursor = other.watch("", other.revision());
    CountDownLatch told = new CountDownLatch(1);
    cursor.onReady(told::countDown);
    other.unfollow();
    one.delete("gone", Store.ANY);
    one.put("new", bytes("1"), 0, null);
    one.forget(one.revision());
    other.follow();
    told.await();
    assertThatThrownBy(() -> cursor.poll(10)).isInstanceOf(CompactedException.class);
    other.refresh();
    assertThat(other.range("", "", 0, 0).entries())
        .extracting(Entry::key)
        .containsExactly("new", "stays");
  }

  @Test
  void everyWriteThatWasAcknowledgedIsThereOnceHoweverOftenEtcdIsKilled() throws Exception {
    Map<String, Integer> acknowledged = new ConcurrentHashMap<>();
    AtomicBoolean over = new AtomicBoolean();
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Semaphore counted = new Semaphore(0);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 4; i++) {
        String key = "k" + i;
        Store store = i % 2 == 0 ? one : other;
        threads.execute(() -> count(store, key, acknowledged, over, failure, counted));
      }
      for (int kill = 0; kill < 3; kill++) {
        counted.acquire(COUNTS);
        etcd.kill();
        etcd.start();
      }
      counted.acquire(COUNTS);
      over.set(true);
    }
    assertThat(failure).hasNullValue();
    one.refresh();
    acknowledged.forEach(
        (key, count) ->
            assertThat(Integer.parseInt(text(one.get(key)))).isBetween(count, count + 1));
  }

  /// Counts up by compare-and-put from what is read; a number that was acknowledged must be read
  /// again, or the one after it when an answer was lost.
  private static void count(
      Store store,
      String key,
      Map<String, Integer> acknowledged,
      AtomicBoolean over,
      AtomicReference<Throwable> failure,
      Semaphore counted) {
    while (!over.get() && failure.get() == null) {
      try {
        store.refresh();
        Entry entry = store.get(key);
        int found = entry == null ? 0 : Integer.parseInt(text(entry));
        int known = acknowledged.getOrDefault(key, 0);
        assertThat(found).as(key).isBetween(known, known + 1);
        long expected = entry == null ? 0 : entry.revision();
        if (store.put(key, bytes("" + (found + 1)), expected, null) instanceof Outcome.Done) {
          acknowledged.put(key, found + 1);
          counted.release();
        } else {
          acknowledged.put(key, found);
        }
      } catch (StoreException notNow) {
        assertThat(notNow.kind()).isEqualTo(StoreException.Kind.UNREACHABLE);
      } catch (Throwable e) {
        failure.set(e);
        counted.release(Integer.MAX_VALUE / 2);
      }
    }
  }
}
