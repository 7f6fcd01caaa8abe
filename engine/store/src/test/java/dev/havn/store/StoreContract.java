// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/// What every store does.
interface StoreContract {
  Store store();

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static String text(Entry entry) {
    return new String(entry.value(), StandardCharsets.UTF_8);
  }

  @Test
  default void aPutIsReadBackWithItsRevision() {
    Outcome.Done done = (Outcome.Done) store().put("a", bytes("1"), 0, null);
    Entry entry = store().get("a");
    assertThat(text(entry)).isEqualTo("1");
    assertThat(entry.revision()).isEqualTo(done.revision()).isEqualTo(store().revision());
    assertThat(entry.createRevision()).isEqualTo(done.revision());
  }

  @Test
  default void aWriteThatExpectsAnotherRevisionSeesTheCurrentOne() {
    store().put("a", bytes("1"), 0, null);
    Outcome outcome = store().put("a", bytes("2"), 0, null);
    assertThat(outcome)
        .isInstanceOfSatisfying(
            Outcome.Mismatch.class, m -> assertThat(text(m.current())).isEqualTo("1"));
    assertThat(store().delete("absent", Store.ANY)).isEqualTo(new Outcome.Mismatch(null));
  }

  @Test
  default void aRangeIsPagedAtOneRevision() {
    for (String key : List.of("/p/a", "/p/b", "/p/c", "/q/a")) {
      store().put(key, bytes(key), 0, null);
    }
    Page first = store().range("/p/", "", 2, 0);
    assertThat(first.entries()).extracting(Entry::key).containsExactly("/p/a", "/p/b");
    assertThat(first.remaining()).isEqualTo(1);
    store().delete("/p/c", Store.ANY);
    store().put("/p/a", bytes("new"), Store.ANY, null);
    Page second = store().range("/p/", "/p/b", 2, first.revision());
    assertThat(second.entries()).extracting(Entry::key).containsExactly("/p/c");
    assertThat(text(store().range("/p/", "", 0, first.revision()).entries().getFirst()))
        .isEqualTo("/p/a");
    assertThat(store().count("/p/")).isEqualTo(2);
  }

  @Test
  default void revisionsBeyondTheEdgesAreRefused() {
    store().put("a", bytes("1"), 0, null);
    long now = store().revision();
    assertThatThrownBy(() -> store().range("", "", 0, now + 1))
        .isInstanceOf(FutureRevisionException.class);
    store().put("a", bytes("2"), Store.ANY, null);
    store().compact(now + 1);
    assertThatThrownBy(() -> store().range("", "", 0, now)).isInstanceOf(CompactedException.class);
    assertThatThrownBy(() -> store().watch("", now)).isInstanceOf(CompactedException.class);
  }

  @Test
  default void aCursorSeesEachMatchingWriteOnceAndInOrder() {
    long start = store().revision();
    Cursor cursor = store().watch("/p/", start);
    store().put("/p/a", bytes("1"), 0, null);
    store().put("/q/a", bytes("x"), 0, null);
    store().put("/p/a", bytes("2"), Store.ANY, null);
    store().delete("/p/a", Store.ANY);
    List<Event> events = cursor.poll(10);
    assertThat(events).hasSize(3);
    assertThat(events.get(0).previous()).isNull();
    assertThat(text(events.get(1).previous())).isEqualTo("1");
    assertThat(events.get(2).current()).isNull();
    assertThat(cursor.poll(10)).isEmpty();
    assertThat(cursor.revision()).isEqualTo(store().revision());
  }

  @Test
  default void aCursorIsWokenOnceWhenThereIsSomething() {
    Cursor cursor = store().watch("/p/", store().revision());
    AtomicInteger woken = new AtomicInteger();
    cursor.onReady(woken::incrementAndGet);
    store().put("/q/a", bytes("x"), 0, null);
    assertThat(woken).hasValue(0);
    store().put("/p/a", bytes("1"), 0, null);
    store().put("/p/b", bytes("1"), 0, null);
    assertThat(woken).hasValue(1);
    cursor.onReady(woken::incrementAndGet);
    assertThat(woken).hasValue(2);
    cursor.close();
  }

  @Test
  default void aCursorIsBehindFromTheAcknowledgedWriteUntilItHasReadIt() {
    Cursor cursor = store().watch("/p/", store().revision());
    assertThat(cursor.isBehind()).isFalse();
    store().put("/q/a", bytes("x"), 0, null);
    assertThat(cursor.isBehind()).isFalse();
    store().put("/p/a", bytes("1"), 0, null);
    assertThat(cursor.isBehind()).isTrue();
    store().put("/p/b", bytes("1"), 0, null);
    assertThat(cursor.poll(1)).hasSize(1);
    assertThat(cursor.isBehind()).isTrue();
    assertThat(cursor.poll(10)).hasSize(1);
    assertThat(cursor.isBehind()).isFalse();
    cursor.close();
  }

  @Test
  default void workThatIsDoneAloneIsNeverDoneTwiceAtATime() throws InterruptedException {
    int workers = 8;
    store().put("n", bytes("0"), 0, null);
    CountDownLatch done = new CountDownLatch(workers);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < workers; i++) {
        threads.execute(
            () -> {
              store()
                  .alone(
                      "counting",
                      () -> {
                        int before = Integer.parseInt(text(store().get("n")));
                        return store().put("n", bytes("" + (before + 1)), Store.ANY, null);
                      });
              done.countDown();
            });
      }
      done.await();
    }
    assertThat(text(store().get("n"))).isEqualTo(String.valueOf(workers));
  }

  @Test
  default void whatIsReadAfterARefreshIncludesAllWritesBefore() {
    store().put("a", bytes("1"), 0, null);
    long written = store().revision();
    store().refresh();
    assertThat(store().revision()).isGreaterThanOrEqualTo(written);
    assertThat(store().isCurrent(store().get("a"))).isTrue();
  }

  @Test
  default void manyWritersCountWithoutLosingOne() throws InterruptedException {
    int writers = 16;
    int each = 50;
    store().put("n", bytes("0"), 0, null);
    CountDownLatch done = new CountDownLatch(writers);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < writers; i++) {
        threads.execute(
            () -> {
              for (int n = 0; n < each; n++) {
                increment();
              }
              done.countDown();
            });
      }
      done.await();
    }
    assertThat(text(store().get("n"))).isEqualTo(String.valueOf(writers * each));
  }

  private void increment() {
    while (true) {
      Entry entry = store().get("n");
      byte[] next = bytes(String.valueOf(Integer.parseInt(text(entry)) + 1));
      if (store().put("n", next, entry.revision(), null) instanceof Outcome.Done) {
        return;
      }
    }
  }

  @Test
  default void aRandomHistoryReadsLikeASimpleModel() {
    Random random = new Random(7);
    Map<Long, Map<String, String>> history = new TreeMap<>();
    Map<String, String> model = new TreeMap<>();
    long start = store().revision();
    history.put(start, new TreeMap<>(model));
    Cursor cursor = store().watch("", start);
    for (int i = 0; i < 500; i++) {
      String key = "k" + random.nextInt(20);
      if (random.nextInt(4) == 0) {
        if (store().delete(key, Store.ANY) instanceof Outcome.Done) {
          model.remove(key);
        }
      } else {
        store().put(key, bytes("" + i), Store.ANY, null);
        model.put(key, "" + i);
      }
      history.put(store().revision(), new TreeMap<>(model));
    }
    history.forEach((revision, expected) -> assertThat(at(revision)).isEqualTo(expected));
    long middle = (start + store().revision()) / 2;
    store().compact(middle);
    history.forEach(
        (revision, expected) -> {
          if (revision >= middle) {
            assertThat(at(revision)).isEqualTo(expected);
          }
        });
    assertThatThrownBy(() -> cursor.poll(1_000)).isInstanceOf(CompactedException.class);
  }

  @Test
  default void whoHasMissedNothingIsNotLateHoweverMuchIsForgotten() {
    Cursor idle = store().watch("/idle/", store().revision());
    Cursor waiting = store().watch("/idle/", store().revision());
    waiting.onReady(() -> {});
    Cursor late = store().watch("/busy/", store().revision());
    for (int i = 0; i < 5; i++) {
      store().put("/busy/a", bytes("" + i), Store.ANY, null);
    }
    store().compact(store().revision());

    assertThat(idle.poll(10)).isEmpty();
    assertThat(idle.revision()).isEqualTo(store().revision());
    assertThatThrownBy(() -> late.poll(10)).isInstanceOf(CompactedException.class);
    store().put("/idle/a", bytes("1"), 0, null);
    assertThat(idle.poll(10)).hasSize(1);
    assertThat(waiting.poll(10)).hasSize(1);
  }

  private Map<String, String> at(long revision) {
    Map<String, String> state = new TreeMap<>();
    String after = "";
    while (true) {
      Page page = store().range("", after, 3, revision);
      page.entries().forEach(entry -> state.put(entry.key(), text(entry)));
      if (page.remaining() == 0) {
        return state;
      }
      after = new ArrayList<>(page.entries()).getLast().key();
    }
  }
}
