// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Tells when containers have ended: looks again and again, for files tell nothing by themselves.
final class Ends implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Ends.class);
  private static final long LOOK_EVERY_MILLIS = 100;

  /// The longest pause after looks that failed.
  private static final long LOOK_AGAIN_MILLIS_MAX = 30_000;

  private static final long CARE_EVERY_MILLIS = 5_000;

  private final ContainerFolders folders;
  private final ScheduledExecutorService executor;
  private final Runnable eachLook;
  private final Runnable care;
  private final Set<String> told = ConcurrentHashMap.newKeySet();
  private volatile Consumer<String> listener = _ -> {};
  private volatile boolean closed;
  private long pauseMillis = LOOK_EVERY_MILLIS;

  /// @param eachLook done each time before ends are told
  /// @param care done every few seconds, beside the looks: no end waits for it
  Ends(
      ContainerFolders folders,
      ScheduledExecutorService executor,
      Runnable eachLook,
      Runnable care) {
    this.folders = folders;
    this.executor = executor;
    this.eachLook = eachLook;
    this.care = care;
  }

  void onEnd(Consumer<String> uids) {
    listener = uids;
  }

  void forget(String containerId) {
    told.remove(containerId);
  }

  /// Looks now, and from now on again and again.
  void begin() {
    look();
    later(this::takeCare, CARE_EVERY_MILLIS);
  }

  private void takeCare() {
    if (closed) {
      return;
    }
    try {
      care.run();
    } catch (RuntimeException e) {
      LOG.warn("containers in {} cannot be looked after: {}", folders.folder(), e.toString());
    }
    later(this::takeCare, CARE_EVERY_MILLIS);
  }

  private void look() {
    if (closed) {
      return;
    }
    try {
      eachLook.run();
      tell();
      pauseMillis = LOOK_EVERY_MILLIS;
    } catch (IOException | RuntimeException e) {
      pauseMillis = Math.min(LOOK_AGAIN_MILLIS_MAX, pauseMillis * 2);
      LOG.warn("ends of containers in {} cannot be read: {}", folders.folder(), e.toString());
    }
    later(this::look, pauseMillis);
  }

  private void later(Runnable task, long millis) {
    try {
      var unused = executor.schedule(task, millis, TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException closing) {
      closed = true;
    }
  }

  private void tell() throws IOException {
    try (Stream<Path> exits = Files.list(folders.exits())) {
      for (Path file : exits.toList()) {
        String containerId = String.valueOf(file.getFileName());
        if (told.add(containerId)) {
          listener.accept(ContainerFolders.podOf(containerId));
        }
      }
    }
  }

  @Override
  public void close() {
    closed = true;
  }
}
