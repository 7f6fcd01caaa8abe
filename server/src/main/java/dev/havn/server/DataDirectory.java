// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Collections;
import java.util.HexFormat;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The one folder where a cluster keeps everything, locked while it is open.
///
/// `format` holds the version of the layout, `cluster-id` eight hexadecimal digits that mark
/// everything the cluster makes outside of this folder, `process` the number of the process that
/// opened it last.
public final class DataDirectory implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(DataDirectory.class);
  private static final String FORMAT = "1";
  private static final Set<PosixFilePermission> OWNER =
      PosixFilePermissions.fromString("rwx------");
  private static final Set<PosixFilePermission> OTHERS =
      PosixFilePermissions.fromString("------rwx");
  private static final int LOCK_ATTEMPTS_MAX = 5;
  private static final long LOCK_AGAIN_MILLIS = 10;
  private static final int CLUSTER_ID_BYTES = 4;

  private final Path path;
  private final FileChannel channel;
  private final FileLock lock;
  private final String clusterId;

  private DataDirectory(Path path, FileChannel channel, FileLock lock, String clusterId) {
    this.path = path;
    this.channel = channel;
    this.lock = lock;
    this.clusterId = clusterId;
  }

  /// Opens or creates the folder and locks it.
  ///
  /// @throws StartException when it cannot be written, is in use, or has an unknown format
  public static DataDirectory open(Path path, RandomGenerator random) {
    create(path);
    FileChannel channel = null;
    try {
      channel =
          FileChannel.open(
              path.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      @Nullable FileLock lock = lock(channel);
      if (lock == null) {
        throw new StartException(
            "data directory "
                + path
                + " is in use by another Havn: `havn status` shows it, --data-dir takes another");
      }
      checkFormat(path);
      note(path);
      return new DataDirectory(path, channel, lock, clusterId(path, random));
    } catch (StartException e) {
      closeAfter(e, channel);
      throw e;
    } catch (IOException e) {
      closeAfter(e, channel);
      throw unusable(path, e);
    }
  }

  /// Makes a folder the data directory of a cluster that has been elsewhere.
  static void name(Path folder, String clusterId) throws IOException {
    Files.writeString(folder.resolve("format"), FORMAT + "\n");
    Files.writeString(folder.resolve("cluster-id"), clusterId + "\n");
  }

  /// Whether some Havn holds the folder now.
  public static boolean isInUse(Path path) {
    Path file = path.resolve("lock");
    if (!Files.exists(file)) {
      return false;
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      @Nullable FileLock lock = tryLock(channel);
      if (lock != null) {
        lock.release();
      }
      return lock == null;
    } catch (IOException e) {
      throw unusable(path, e);
    }
  }

  /// The process that holds the folder, or held it last, for messages; empty when it could not be
  /// noted.
  static String holder(Path path) {
    try {
      return Files.readString(path.resolve("process")).strip();
    } catch (IOException e) {
      LOG.debug("who holds {} is not known: {}", path, e.getMessage());
      return "";
    }
  }

  /// Notes this process for others. A full disk is no reason to stop here.
  private static void note(Path path) {
    try {
      // Better no number than the one of a process that has gone.
      Files.deleteIfExists(path.resolve("process"));
      Files.writeString(path.resolve("process"), ProcessHandle.current().pid() + "\n");
    } catch (IOException e) {
      LOG.warn("the number of this process is not noted in {}: {}", path, e.getMessage());
    }
  }

  public Path path() {
    return path;
  }

  /// Eight hexadecimal digits, made when the folder was.
  public String clusterId() {
    return clusterId;
  }

  public Path controlSocket() {
    return controlSocket(path);
  }

  public static Path controlSocket(Path path) {
    return path.resolve("control.sock");
  }

  @Override
  public void close() {
    try {
      lock.release();
      channel.close();
    } catch (IOException e) {
      throw new UncheckedIOException("closing " + path, e);
    }
  }

  private static void create(Path path) {
    try {
      if (Files.isDirectory(path)) {
        shut(path);
      } else {
        Files.createDirectories(path);
        Files.setPosixFilePermissions(path, OWNER);
      }
    } catch (IOException e) {
      throw unusable(path, e);
    }
  }

  /// Files in here have the modes that the umask leaves, objects with their Secrets and what
  /// containers write: the folder keeps the machine's other users out. Who let a group in meant it.
  private static void shut(Path path) throws IOException {
    if (Collections.disjoint(Files.getPosixFilePermissions(path), OTHERS)) {
      return;
    }
    if (!isForHavn(path)) {
      throw new StartException(
          "data directory %s has files of others and is open to all users of this machine, who would read Secrets there: choose an empty folder with --data-dir, or `chmod o= %s`"
              .formatted(path, path));
    }
    LOG.info("{} is closed to others", path);
    Files.setPosixFilePermissions(path, OWNER);
  }

  /// Whether nothing but Havn uses a folder.
  private static boolean isForHavn(Path path) throws IOException {
    if (Files.exists(path.resolve("format"))) {
      return true;
    }
    try (Stream<Path> files = Files.list(path)) {
      // The root of a disk has that.
      return files.allMatch(each -> each.endsWith("lost+found"));
    }
  }

  /// Tries more than once: whoever only asks whether the folder is in use holds the lock for a
  /// moment.
  private static @Nullable FileLock lock(FileChannel channel) throws IOException {
    CountDownLatch never = new CountDownLatch(1);
    @Nullable FileLock lock = tryLock(channel);
    for (int attempt = 1; lock == null && attempt < LOCK_ATTEMPTS_MAX; attempt++) {
      try {
        boolean unused = never.await(LOCK_AGAIN_MILLIS, TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return null;
      }
      lock = tryLock(channel);
    }
    return lock;
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException inThisProcess) {
      return null;
    }
  }

  private static void checkFormat(Path path) throws IOException {
    Path file = path.resolve("format");
    if (!Files.exists(file)) {
      Files.writeString(file, FORMAT + "\n");
      return;
    }
    String found = Files.readString(file).strip();
    if (!found.equals(FORMAT)) {
      throw new StartException(
          "data directory "
              + path
              + " has format '"
              + found
              + "', this Havn reads '"
              + FORMAT
              + "': use the Havn that wrote it, or another --data-dir");
    }
  }

  private static String clusterId(Path path, RandomGenerator random) throws IOException {
    Path file = path.resolve("cluster-id");
    if (Files.exists(file)) {
      String id = Files.readString(file).strip();
      if (!id.matches("[0-9a-f]{8}")) {
        throw new StartException(
            file + " holds '" + id + "', expected eight hexadecimal digits: restore or reset");
      }
      return id;
    }
    byte[] bytes = new byte[CLUSTER_ID_BYTES];
    random.nextBytes(bytes);
    String id = HexFormat.of().formatHex(bytes);
    Path fresh = path.resolve("cluster-id.new");
    Files.writeString(fresh, id + "\n");
    Files.move(fresh, file);
    return id;
  }

  private static void closeAfter(Exception cause, @Nullable FileChannel channel) {
    if (channel == null) {
      return;
    }
    try {
      channel.close();
    } catch (IOException again) {
      cause.addSuppressed(again);
    }
  }

  private static StartException unusable(Path path, IOException e) {
    return new StartException(
        "data directory "
            + path
            + " cannot be used ("
            + e.getClass().getSimpleName()
            + ": "
            + e.getMessage()
            + "): make it a folder that you may write, or choose another with --data-dir",
        e);
  }
}
