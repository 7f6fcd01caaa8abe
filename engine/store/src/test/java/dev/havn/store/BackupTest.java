// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import static dev.havn.store.StoreContract.bytes;
import static dev.havn.store.StoreContract.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BackupTest {
  @TempDir private Path folder;
  private final ScheduledExecutorService executor = Executors.newScheduledThreadPool(2);

  @AfterEach
  void stop() {
    executor.shutdownNow();
  }

  private Path backup() {
    return folder.resolve("b");
  }

  private LogStore filled() {
    LogStore store = LogStore.inMemory(InstantSource.system(), executor);
    store.put("/k/a", bytes("1"), 0, null);
    store.put("/k/b", bytes("2"), 0, Duration.ofHours(1));
    store.put("/k/a", bytes("3"), Store.ANY, null);
    store.put("/k/gone", bytes("4"), 0, null);
    store.delete("/k/gone", Store.ANY);
    return store;
  }

  private long write(LogStore store) {
    return new Backup("{\"of\":\"me\"}", Map.of("ca.key", bytes("secret")), store.kept())
        .write(backup());
  }

  @Test
  void comesBackWholeAndGoesOnAboveItsRevision() throws IOException {
    LogStore store = filled();
    long size = write(store);
    assertThat(Files.size(backup())).isEqualTo(size);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(backup())))
        .isEqualTo("rw-------");
    Backup read = Backup.read(backup());
    assertThat(read.manifest()).isEqualTo("{\"of\":\"me\"}");
    assertThat(read.files().get("ca.key")).isEqualTo(bytes("secret"));
    assertThat(read.contents().revision()).isEqualTo(store.revision());
    Path fresh = folder.resolve("fresh");
    LogStore.restore(fresh, read.contents(), 1_000);
    try (LogStore restored = LogStore.open(fresh, InstantSource.system(), executor)) {
      assertThat(restored.range("", "", 0, 0).entries())
          .extracting(entry -> entry.key() + "=" + text(entry) + "@" + entry.revision())
          .containsExactly("/k/a=3@4", "/k/b=2@3");
      assertThat(restored.revision()).isEqualTo(1_000);
      assertThatThrownBy(() -> restored.watch("", store.revision()))
          .isInstanceOf(CompactedException.class);
      assertThat(restored.put("/k/c", bytes("x"), 0, null))
          .isInstanceOfSatisfying(
              Outcome.Done.class, done -> assertThat(done.revision()).isEqualTo(1_001));
    }
  }

  @Test
  void aByteThatIsAnotherOrMissingAnywhereIsFound() throws IOException {
    write(filled());
    byte[] good = Files.readAllBytes(backup());
    for (int at = 0; at < good.length; at++) {
      byte[] changed = good.clone();
      changed[at] ^= 0x20;
      Files.write(backup(), changed);
      assertThatThrownBy(() -> Backup.read(backup()))
          .as("byte %d", at)
          .isInstanceOf(StoreException.class)
          .hasMessageContaining(backup().toString());
      Files.write(backup(), java.util.Arrays.copyOf(good, at));
      assertThatThrownBy(() -> Backup.read(backup()))
          .as("cut at %d", at)
          .isInstanceOf(StoreException.class);
    }
    Files.write(backup(), java.util.Arrays.copyOf(good, good.length + 1));
    assertThatThrownBy(() -> Backup.read(backup())).isInstanceOf(StoreException.class);
    Files.write(backup(), good);
    assertThat(Backup.read(backup()).contents().size()).isEqualTo(2);
  }

  @Test
  void whatIsWrongIsSaidInWords() throws IOException {
    write(filled());
    byte[] good = Files.readAllBytes(backup());
    good[7] = 9;
    Files.write(backup(), good);
    assertThatThrownBy(() -> Backup.read(backup()))
        .hasMessage(
            backup()
                + " has format version 9, this Havn reads version 1: use the Havn that wrote it");
    Files.writeString(backup(), "a letter to my aunt");
    assertThatThrownBy(() -> Backup.read(backup())).hasMessage(backup() + " is no backup of Havn");
    assertThatThrownBy(() -> write(filled()))
        .hasMessage(backup() + " is there and is no backup of Havn: name another file");
    assertThat(backup()).hasContent("a letter to my aunt");
  }

  @Test
  void anEtcdTakesTheBackupOfAnyStoreAndItsRevisionsGoOnAboveBoth() throws IOException {
    LogStore store = filled();
    write(store);
    Backup read = Backup.read(backup());
    try (EtcdProcess etcd = EtcdProcess.start(folder.resolve("data"))) {
      EtcdSettings settings =
          new EtcdSettings(EtcdSettings.endpoints(etcd.url()), "/k/", "/p/", null, null, null);
      try (EtcdStore before = open(settings)) {
        before.put("/k/other", bytes("x"), 0, null);
      }
      try (EtcdRestore restore =
          new EtcdRestore(settings, Sealing.NONE, InstantSource.system(), executor)) {
        assertThat(restore.isTaken()).isTrue();
        restore.replace(read.contents(), 1_000_000);
      }
      try (EtcdStore restored = open(settings)) {
        assertThat(restored.range("", "", 0, 0).entries())
            .extracting(entry -> entry.key() + "=" + text(entry))
            .containsExactly("/k/a=3", "/k/b=2");
        assertThat(restored.revision()).isGreaterThan(store.revision() + 1_000_000);
        assertThatThrownBy(() -> restored.watch("", store.revision()))
            .isInstanceOf(CompactedException.class);
        Entry entry = restored.get("/k/a");
        assertThat(restored.put("/k/a", bytes("5"), entry.revision(), null))
            .isInstanceOf(Outcome.Done.class);
        Contents again = restored.kept();
        assertThat(again.size()).isEqualTo(2);
        assertThat(again.writes())
            .filteredOn(write -> write.key().equals("/k/b"))
            .singleElement()
            .satisfies(write -> assertThat(write.expiresMillis()).isPositive());
      }
    }
  }

  @Test
  void aRestoreThatWasNotFinishedIsNoStore() throws IOException {
    try (EtcdProcess etcd = EtcdProcess.start(folder.resolve("data"))) {
      EtcdSettings settings =
          new EtcdSettings(EtcdSettings.endpoints(etcd.url()), "/k/", "/p/", null, null, null);
      try (EtcdRestore restore =
          new EtcdRestore(settings, Sealing.NONE, InstantSource.system(), executor)) {
        restore.notes().restoring(true);
        assertThatThrownBy(() -> open(settings))
            .isInstanceOf(StoreException.class)
            .hasMessageContaining("was not finished: run `havn restore` again");
        restore.replace(filled().kept(), 1);
        open(settings).close();
      }
    }
  }

  private EtcdStore open(EtcdSettings settings) {
    return EtcdStore.open(settings, Sealing.NONE, InstantSource.system(), executor);
  }
}
