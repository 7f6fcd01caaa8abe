// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A folder with at most one snapshot (`snapshot-R`: everything as of revision R) and the log since
/// then (`log-R`: writes from revision R on). A batch is one write to the file and one sync.
///
/// When the log has grown past [#LOG_BYTES_MAX] and past the size of the last snapshot, a new
/// snapshot is written beside it, synced, renamed, and what it covers is deleted: the folder holds
/// at most about three times the live data.
final class FileJournal implements Journal {
  private static final Logger LOG = LoggerFactory.getLogger(FileJournal.class);

  /// The log is not replaced by a snapshot before it has this size.
  static final long LOG_BYTES_MAX = 32 << 20;

  /// From this size on the log does not wait for the next time somebody offers to tidy.
  static final long LONG_BYTES = 256 << 20;

  private static final List<Double> SYNC_BOUNDS =
      List.of(
          0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024, 2.048, 4.096,
          8.192);

  private final Path folder;
  private final FileChannel lockFile;
  private final Sealing sealing;
  private @Nullable Contents found;
  private final InstantSource clock;
  private final Durations syncs = new Durations(SYNC_BOUNDS);

  private FileChannel active;
  private Path activeFile;
  private long activeBytes;
  private long logBytes;
  private long longBytes;
  private long snapshotBytes;
  private long revision;
  private @Nullable String broken;

  /// Writes since the last that the disk took.
  private long refused;

  private FileJournal(Path folder, FileChannel lockFile, Sealing sealing, InstantSource clock)
      throws IOException {
    this.sealing = sealing;
    this.clock = clock;
    this.folder = folder;
    this.lockFile = lockFile;
    Recovered recovered = recover();
    this.found = new Contents(recovered.writes(), recovered.revision());
    this.revision = recovered.revision();
    this.logBytes = recovered.logBytes();
    this.snapshotBytes = recovered.snapshotBytes();
    this.longBytes = Math.max(LONG_BYTES, 2 * snapshotBytes);
    this.activeFile = folder.resolve(name("log", revision + 1));
    this.active = create(activeFile);
    this.activeBytes = Segment.HEADER_BYTES;
    syncFolder();
  }

  private record Recovered(List<Write> writes, long revision, long logBytes, long snapshotBytes) {}

  static FileJournal open(Path folder, Sealing sealing, InstantSource clock) {
    try {
      Files.createDirectories(folder);
      FileChannel lockFile =
          FileChannel.open(
              folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      lock(folder, lockFile);
      return new FileJournal(folder, lockFile, sealing, clock);
    } catch (IOException e) {
      throw new StoreException(
          "store "
              + folder
              + " cannot be opened ("
              + e.getClass().getSimpleName()
              + ": "
              + e.getMessage()
              + "): make it a folder that can be written",
          e);
    }
  }

  private static void lock(Path folder, FileChannel lockFile) throws IOException {
    @Nullable FileLock lock;
    try {
      lock = lockFile.tryLock();
    } catch (OverlappingFileLockException inThisProcess) {
      lock = null;
    }
    if (lock == null) {
      lockFile.close();
      throw new StoreException("store " + folder + " is in use by another process", null);
    }
  }

  /// What was there when the journal was opened. Given away once: values that are replaced later
  /// are not to be held here.
  Contents takeFound() {
    @Nullable Contents taken = found;
    found = null;
    if (taken == null) {
      throw new IllegalStateException("given away already");
    }
    return taken;
  }

  @Override
  public void append(List<Write> batch) {
    if (broken != null) {
      throw new StoreException(broken, null);
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(batch.size() * 512);
    batch.forEach(write -> RecordCodec.encode(write, sealing, bytes));
    try {
      writeFully(active, ByteBuffer.wrap(bytes.toByteArray()), activeBytes);
    } catch (IOException e) {
      takeBack(e);
      refuse(e);
      throw new StoreException(
          "the store's disk takes no more ("
              + e.getMessage()
              + " at "
              + activeFile
              + "): free some space; nothing was written",
          e);
    }
    Instant before = clock.instant();
    try {
      active.force(false);
      syncs.record(Duration.between(before, clock.instant()));
    } catch (IOException e) {
      broken =
          "the store cannot sync "
              + activeFile
              + " ("
              + e.getMessage()
              + "): it takes no more writes until Havn is started again";
      throw new StoreException(broken, e);
    }
    if (refused > 0) {
      LOG.warn("{} takes writes again, {} were refused", activeFile, refused);
      refused = 0;
    }
    activeBytes += bytes.size();
    logBytes += bytes.size();
    revision = batch.getLast().revision();
  }

  /// Says so once: the log is likely to lie on the same disk.
  private void refuse(IOException why) {
    if (refused == 0) {
      LOG.error("{} takes no more: {}; writes are refused", activeFile, why.getMessage());
    }
    refused++;
  }

  /// Cuts off what a failed write left, so that the next one continues a good log.
  private void takeBack(IOException cause) {
    try {
      active.truncate(activeBytes);
    } catch (IOException e) {
      cause.addSuppressed(e);
      broken =
          "the store cannot mend "
              + activeFile
              + " after a failed write: start Havn again when there is space";
    }
  }

  @Override
  public Durations syncs() {
    return syncs;
  }

  @Override
  public boolean isLong() {
    return broken == null && logBytes >= longBytes;
  }

  @Override
  public void tidy(State state) {
    if (broken != null || logBytes < Math.max(LOG_BYTES_MAX, snapshotBytes)) {
      return;
    }
    try {
      snapshot(state);
    } catch (IOException | StoreException e) {
      LOG.warn("no snapshot in {}: {}; the log goes on", folder, e.getMessage());
      longBytes = logBytes + LONG_BYTES;
      removeUnfinished();
    }
  }

  /// Half a snapshot would keep from the log the little space that there is.
  private void removeUnfinished() {
    try {
      Files.deleteIfExists(folder.resolve("snapshot.new"));
    } catch (IOException e) {
      LOG.warn("an unfinished snapshot stays in {}: {}", folder, e.getMessage());
    }
  }

  private void snapshot(State state) throws IOException {
    Path fresh = folder.resolve("snapshot.new");
    Files.deleteIfExists(fresh);
    long bytes = Segment.HEADER_BYTES;
    try (FileChannel channel = create(fresh)) {
      ByteArrayOutputStream buffer = new ByteArrayOutputStream(1 << 20);
      for (Write write : state.entries()) {
        RecordCodec.encode(write, sealing, buffer);
        if (buffer.size() > 1 << 20) {
          bytes += drain(channel, buffer, bytes);
        }
      }
      bytes += drain(channel, buffer, bytes);
      channel.force(true);
    }
    Path file = folder.resolve(name("snapshot", state.revision()));
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
    Path nextFile = folder.resolve(name("log", state.revision() + 1));
    if (!nextFile.equals(activeFile)) {
      FileChannel next = create(nextFile);
      active.close();
      active = next;
      activeFile = nextFile;
      activeBytes = Segment.HEADER_BYTES;
    }
    syncFolder();
    deleteCovered(file);
    logBytes = 0;
    snapshotBytes = bytes;
    longBytes = Math.max(LONG_BYTES, 2 * snapshotBytes);
  }

  /// Makes a folder that holds a snapshot and nothing else.
  static void restore(Path folder, List<Write> writes, long revision) {
    try {
      Files.createDirectories(folder);
      Path file = folder.resolve(name("snapshot", revision));
      try (FileChannel channel = create(file)) {
        ByteArrayOutputStream buffer = new ByteArrayOutputStream(1 << 20);
        long bytes = Segment.HEADER_BYTES;
        for (Write write : writes) {
          RecordCodec.encode(write, Sealing.NONE, buffer);
          if (buffer.size() > 1 << 20) {
            bytes += drain(channel, buffer, bytes);
          }
        }
        bytes += drain(channel, buffer, bytes);
        channel.force(true);
      }
      try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
        channel.force(true);
      }
    } catch (IOException e) {
      throw new StoreException("store " + folder + " cannot be restored: " + e, e);
    }
  }

  private static int drain(FileChannel channel, ByteArrayOutputStream buffer, long position)
      throws IOException {
    int size = buffer.size();
    writeFully(channel, ByteBuffer.wrap(buffer.toByteArray()), position);
    buffer.reset();
    return size;
  }

  private void deleteCovered(Path snapshot) throws IOException {
    for (Path file : files().values()) {
      if (!file.equals(snapshot) && !file.equals(activeFile)) {
        Files.delete(file);
      }
    }
  }

  /// Reads snapshot and log. Only the last file of the log may end in a torn record.
  private Recovered recover() throws IOException {
    Files.deleteIfExists(folder.resolve("snapshot.new"));
    Map<String, Path> files = files();
    Map<String, Write> state = new HashMap<>();
    long reached = 0;
    long snapshotSize = 0;
    for (Path file : files.values().stream().filter(f -> isA("snapshot", f)).toList()) {
      Segment segment = Segment.read(file, sealing);
      if (!segment.isWhole()) {
        throw damaged(segment);
      }
      state.clear();
      segment.writes().forEach(write -> state.put(write.key(), write));
      reached = revisionOf(file);
      snapshotSize = segment.bytes();
    }
    List<Path> logs = files.values().stream().filter(f -> isA("log", f)).toList();
    long logSize = 0;
    for (int i = 0; i < logs.size(); i++) {
      Segment segment = Segment.read(logs.get(i), sealing);
      if (!segment.isWhole()) {
        boolean last = logs.subList(i + 1, logs.size()).stream().allMatch(FileJournal::isEmpty);
        if (!last) {
          throw damaged(segment);
        }
        cutTail(segment);
      }
      for (Write write : segment.writes()) {
        if (write.revision() > reached) {
          reached = write.revision();
          if (write.entry() == null) {
            state.remove(write.key());
          } else {
            state.put(write.key(), write);
          }
        }
      }
      logSize += segment.goodBytes();
    }
    return new Recovered(List.copyOf(state.values()), reached, logSize, snapshotSize);
  }

  private static boolean isEmpty(Path log) {
    try {
      return Files.size(log) <= Segment.HEADER_BYTES;
    } catch (IOException e) {
      throw new UncheckedIOException(log.toString(), e);
    }
  }

  private static void cutTail(Segment segment) throws IOException {
    LOG.info(
        "{} ends in an unfinished write at byte {} of {}; it was never acknowledged and is cut off",
        segment.file(),
        segment.goodBytes(),
        segment.bytes());
    try (FileChannel channel = FileChannel.open(segment.file(), StandardOpenOption.WRITE)) {
      if (segment.goodBytes() < Segment.HEADER_BYTES) {
        channel.truncate(0);
        writeFully(channel, ByteBuffer.wrap(Segment.header()), 0);
      } else {
        channel.truncate(segment.goodBytes());
      }
      channel.force(true);
    }
  }

  private static StoreException damaged(Segment segment) {
    return new StoreException(
        segment.file()
            + " is damaged at byte "
            + segment.goodBytes()
            + " of "
            + segment.bytes()
            + ": restore the store from a backup",
        null);
  }

  /// Snapshots and logs by name, which is the order of their revisions.
  private Map<String, Path> files() throws IOException {
    Map<String, Path> files = new TreeMap<>();
    try (Stream<Path> all = Files.list(folder)) {
      all.filter(file -> isA("snapshot", file) || isA("log", file))
          .forEach(file -> files.put(String.valueOf(file.getFileName()), file));
    }
    return files;
  }

  private static boolean isA(String noun, Path file) {
    return String.valueOf(file.getFileName()).matches(noun + "-[0-9]{19}");
  }

  private static String name(String noun, long revision) {
    return "%s-%019d".formatted(noun, revision);
  }

  private static long revisionOf(Path file) {
    String name = String.valueOf(file.getFileName());
    return Long.parseLong(name.substring(name.indexOf('-') + 1));
  }

  private static FileChannel create(Path file) throws IOException {
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    channel.truncate(0);
    writeFully(channel, ByteBuffer.wrap(Segment.header()), 0);
    return channel;
  }

  private static void writeFully(FileChannel channel, ByteBuffer bytes, long position)
      throws IOException {
    long at = position;
    while (bytes.hasRemaining()) {
      at += channel.write(bytes, at);
    }
  }

  /// Makes new names durable.
  private void syncFolder() throws IOException {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  @Override
  public void close() {
    List<IOException> failures = new ArrayList<>();
    for (FileChannel channel : List.of(active, lockFile)) {
      try {
        channel.close();
      } catch (IOException e) {
        failures.add(e);
      }
    }
    if (!failures.isEmpty()) {
      throw new UncheckedIOException("closing " + folder, failures.getFirst());
    }
  }
}
