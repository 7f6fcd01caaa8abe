// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileStoreTest implements StoreContract {
  private final ScheduledExecutorService executor = Executors.newSingleThreadScheduledExecutor();
  @TempDir private Path folder;
  private LogStore store;

  @BeforeEach
  void open() {
    store = LogStore.open(folder, InstantSource.system(), executor);
  }

  @AfterEach
  void close() {
    store.close();
    executor.shutdownNow();
  }

  @Override
  public Store store() {
    return store;
  }

  @Test
  void everythingIsThereAfterReopening() {
    store.put("a", StoreContract.bytes("1"), 0, null);
    store.put("b", StoreContract.bytes("2"), 0, null);
    store.delete("a", Store.ANY);
    long revision = store.revision();
    reopen();
    assertThat(store.get("a")).isNull();
    assertThat(StoreContract.text(store.get("b"))).isEqualTo("2");
    assertThat(store.revision()).isEqualTo(revision);
    assertThat(((Outcome.Done) store.put("c", StoreContract.bytes("3"), 0, null)).revision())
        .isEqualTo(revision + 1);
  }

  @Test
  void aTornTailIsCutOffAtEveryByte() throws IOException {
    store.put("a", StoreContract.bytes("first"), 0, null);
    long whole = Files.size(newestLog());
    store.put("b", StoreContract.bytes("second"), 0, null);
    store.close();
    Path log = newestLog();
    byte[] bytes = Files.readAllBytes(log);
    for (int length = (int) whole; length < bytes.length; length++) {
      removeFiles();
      Files.write(log, java.util.Arrays.copyOf(bytes, length));
      open();
      assertThat(StoreContract.text(store.get("a"))).isEqualTo("first");
      assertThat(store.get("b")).isNull();
      store.put("c", StoreContract.bytes("third"), 0, null);
      reopen();
      assertThat(StoreContract.text(store.get("c"))).isEqualTo("third");
      store.close();
    }
  }

  @Test
  void damageBeforeTheEndIsRefusedWithFileAndByte() throws IOException {
    store.put("a", StoreContract.bytes("first"), 0, null);
    Path damaged = newestLog();
    reopen();
    store.put("b", StoreContract.bytes("second"), 0, null);
    store.close();
    byte[] bytes = Files.readAllBytes(damaged);
    bytes[Segment.HEADER_BYTES + 20] ^= 1;
    Files.write(damaged, bytes);
    assertThatThrownBy(this::open)
        .isInstanceOf(StoreException.class)
        .hasMessageContaining(damaged.toString())
        .hasMessageContaining("is damaged at byte " + Segment.HEADER_BYTES);
  }

  @Test
  void anUnknownVersionIsRefusedInWords() throws IOException {
    store.close();
    byte[] header = Segment.header();
    header[header.length - 1] = 9;
    Files.write(newestLog(), header, StandardOpenOption.TRUNCATE_EXISTING);
    assertThatThrownBy(this::open).hasMessageContaining("format version 9");
  }

  @Test
  void asecondProcessIsKeptOut() {
    assertThatThrownBy(() -> LogStore.open(folder, InstantSource.system(), executor))
        .hasMessageContaining("is in use");
  }

  @Test
  void aSnapshotReplacesTheLogItCovers() throws IOException {
    byte[] large = new byte[1 << 20];
    for (int i = 0; i < 40; i++) {
      store.put("k" + i % 4, large, Store.ANY, null);
    }
    store.close();
    FileJournal journal = FileJournal.open(folder, Sealing.NONE, java.time.InstantSource.system());
    Contents found = journal.takeFound();
    List<Journal.Write> writes = found.writes();
    long revision = found.revision();
    journal.tidy(
        new Journal.State() {
          @Override
          public long revision() {
            return revision;
          }

          @Override
          public List<Journal.Write> entries() {
            return writes;
          }
        });
    journal.close();
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files.mapToLong(file -> file.toFile().length()).sum()).isLessThan(6L << 20);
    }
    open();
    assertThat(store.count("k")).isEqualTo(4);
    assertThat(store.revision()).isEqualTo(revision);
  }

  @Test
  void aLogLongerThanTheReadersWindowIsReadBack() throws IOException {
    byte[] large = new byte[3 << 20];
    for (int i = 0; i < 25; i++) {
      large[i] = (byte) i;
      store.put("k" + i, large.clone(), 0, null);
    }
    Path log = newestLog();
    long whole = Files.size(log);
    store.put("torn", large, 0, null);
    store.close();
    try (FileChannel channel = FileChannel.open(log, StandardOpenOption.WRITE)) {
      channel.truncate(whole + (1 << 20));
    }
    open();
    assertThat(store.count("k")).isEqualTo(25);
    assertThat(store.get("k24").value()[24]).isEqualTo((byte) 24);
    assertThat(store.get("torn")).isNull();
    assertThat(Files.size(log)).isEqualTo(whole);
  }

  @Test
  void aJournalThatFailsUnexpectedlyLeavesNobodyWaitingAndTakesNothingMore() {
    assertThatThrownBy(() -> store.put(null, StoreContract.bytes("1"), 0, null))
        .isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> store.put("b", StoreContract.bytes("1"), 0, null))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("start Havn again");
    reopen();
    store.put("b", StoreContract.bytes("1"), 0, null);
  }

  @Test
  void anEntryWithATimeToLiveEndsAlsoAfterReopening() throws InterruptedException {
    Instant[] now = {Instant.parse("2026-01-01T00:00:00Z")};
    store.close();
    store = LogStore.open(folder, () -> now[0], executor);
    store.put("e", StoreContract.bytes("event"), 0, Duration.ofHours(1));
    store.close();
    now[0] = now[0].plus(Duration.ofHours(2));
    store = LogStore.open(folder, () -> now[0], executor);
    Cursor cursor = store.watch("e", store.compactedRevision());
    java.util.concurrent.CountDownLatch gone = new java.util.concurrent.CountDownLatch(1);
    cursor.onReady(gone::countDown);
    gone.await();
    assertThat(store.get("e")).isNull();
  }

  private void reopen() {
    store.close();
    open();
  }

  private Path newestLog() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.getFileName().toString().startsWith("log-"))
          .max(Comparator.naturalOrder())
          .orElseThrow();
    }
  }

  private void removeFiles() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
  }
}
