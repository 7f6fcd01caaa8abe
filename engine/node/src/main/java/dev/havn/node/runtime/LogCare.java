// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps the logs of running containers within bounds.
///
/// A flood of lines fills a disk in minutes, and to look at every log ten times a second would cost
/// a node with a hundred quiet pods something for nothing. So all are looked at every few seconds;
/// in between one figure of the kernel tells whether the disk has lost so much room that some log
/// may have grown too large, and those that had are looked at again.
final class LogCare {
  private static final Logger LOG = LoggerFactory.getLogger(LogCare.class);

  private final FolderUpkeep upkeep;
  private final LogRotation rotation;
  private final LongSupplier bytesLeft;
  private final Executor executor;
  private final AtomicBoolean isLooking = new AtomicBoolean();

  /// Homes of containers whose logs had grown too large, since the last round and in the one
  /// before.
  private final Set<Path> flooded = ConcurrentHashMap.newKeySet();

  private final Set<Path> floodedBefore = ConcurrentHashMap.newKeySet();

  private final Map<String, Long> putAway = new ConcurrentHashMap<>();
  private long bytesSeen;

  /// @param bytesLeft on the disk of the logs
  LogCare(FolderUpkeep upkeep, LogRotation rotation, LongSupplier bytesLeft, Executor executor) {
    this.upkeep = upkeep;
    this.rotation = rotation;
    this.bytesLeft = bytesLeft;
    this.executor = executor;
  }

  /// Of containers whose logs conmons write.
  static LogCare ofConmons(FolderUpkeep upkeep) {
    return new LogCare(
        upkeep,
        new LogRotation(Conmon::reopenLog),
        upkeep.folders().folder().toFile()::getUsableSpace,
        upkeep.executor());
  }

  /// Looks at all of them; every few seconds.
  void care() {
    alone(
        () -> {
          floodedBefore.clear();
          floodedBefore.addAll(flooded);
          flooded.clear();
          lookAtAll();
        });
  }

  /// Looks whether there is anything to look at, and returns at once; many times a second, on one
  /// thread at a time.
  void glance() {
    long left = bytesLeft.getAsLong();
    boolean falls = bytesSeen - left >= LogRotation.FILE_BYTES_MAX;
    bytesSeen = falls ? left : Math.max(left, bytesSeen);
    if (!falls && flooded.isEmpty() && floodedBefore.isEmpty()) {
      return;
    }
    try {
      executor.execute(() -> alone(falls ? this::lookAtAll : this::lookAgain));
    } catch (RejectedExecutionException closing) {
      LOG.debug("logs in {} are left alone, the node is closing", upkeep.folders().folder());
    }
  }

  /// Two at a time would take each other's files away.
  private void alone(Runnable looks) {
    if (isLooking.compareAndSet(false, true)) {
      try {
        looks.run();
      } finally {
        isLooking.set(false);
      }
    }
  }

  private void lookAtAll() {
    Set<String> running = new HashSet<>();
    upkeep.eachRunning(
        "the log of {} is not rotated",
        home -> {
          running.add(id(home));
          look(home);
        });
    putAway.keySet().retainAll(running);
  }

  private void lookAgain() {
    Set<Path> homes = new HashSet<>(floodedBefore);
    homes.addAll(flooded);
    for (Path home : homes) {
      try {
        if (upkeep.folders().hasEnded(id(home))) {
          rotation.giveBack(home);
          forget(home);
        } else {
          look(home);
        }
      } catch (IOException e) {
        LOG.debug("the log of {} is not rotated: {}", id(home), e.toString());
        forget(home);
      }
    }
  }

  private void forget(Path home) {
    flooded.remove(home);
    floodedBefore.remove(home);
  }

  private void look(Path home) throws IOException {
    long bytes = rotation.look(home);
    if (bytes > 0) {
      flooded.add(home);
      putAway.merge(id(home), bytes, Long::sum);
    }
  }

  private static String id(Path home) {
    return String.valueOf(home.getFileName());
  }

  /// What was taken out of a container's log since this process looks after it.
  long bytesPutAway(String containerId) {
    return putAway.getOrDefault(containerId, 0L);
  }
}
