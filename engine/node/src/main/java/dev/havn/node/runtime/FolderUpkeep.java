// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.image.ImageStore.Image;
import dev.havn.node.image.LocalImages;
import dev.havn.node.runtime.ContainerRuntime.Container;
import dev.havn.node.runtime.ContainerRuntime.ContainerSpec;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import dev.havn.reconcile.Closing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What every runtime does that keeps containers in folders: one that cannot be started leaves
/// nothing, one that is removed is ended before it is forgotten, and one without its parent has
/// ended.
///
/// @param steps what differs
record FolderUpkeep(
    ContainerFolders folders,
    Ends ends,
    LocalImages images,
    ScheduledExecutorService executor,
    Steps steps) {
  private static final Logger LOG = LoggerFactory.getLogger(FolderUpkeep.class);

  /// A kill that fails, as of a program that hangs, is tried again: nobody asks for it twice.
  static final Duration KILL_AGAIN = Duration.ofSeconds(10);

  /// What each runtime does in its own way.
  interface Steps {
    /// Tells the first process of a container, unless it has ended.
    ///
    /// @param signal such as `TERM`
    void signal(String podUid, String containerId, String signal);

    /// Ends all processes of a container, unless it has ended.
    void kill(String podUid, String containerId);

    /// Ends a container and takes away what it has outside its folder.
    void release(String podUid, String containerId) throws IOException;

    /// Takes away what a pod without containers has outside its folder.
    void vacate(String podUid) throws IOException;

    /// Whether the parent of a container lives, or has not been started yet.
    boolean isKept(Path home, String containerId) throws IOException;

    /// Ends the processes of a container that has lost its parent.
    void abandon(String podUid, String containerId) throws IOException;
  }

  /// Makes and starts a container.
  @FunctionalInterface
  interface Launch {
    void run(Image image, String containerId, Path home) throws IOException;
  }

  void start(String podUid, ContainerSpec spec, Launch launch) {
    Image image = new LoadedImages(images).find(spec.image());
    String containerId = ContainerFolders.idOf(podUid, spec);
    try {
      launch.run(image, containerId, folders.home(podUid, containerId));
    } catch (IOException e) {
      remove(podUid, containerId);
      throw new StartException(
          "RunContainerError",
          "failed to start container \"%s\": %s".formatted(spec.name(), e.getMessage()),
          e);
    } catch (StartException e) {
      remove(podUid, containerId);
      throw e;
    }
  }

  /// Asks a container to end, and ends it after `grace`.
  void stop(String podUid, String containerId, Duration grace) {
    if (grace.isZero()) {
      kill(podUid, containerId);
    } else {
      steps.signal(podUid, containerId, folders.stopSignal(podUid, containerId));
      killAfter(grace, podUid, containerId);
    }
  }

  private void kill(String podUid, String containerId) {
    boolean ended =
        folders.hasEnded(containerId) || !Files.exists(folders.home(podUid, containerId));
    if (!ended) {
      steps.kill(podUid, containerId);
      killAfter(KILL_AGAIN, podUid, containerId);
    }
  }

  private void killAfter(Duration wait, String podUid, String containerId) {
    try {
      var unused =
          executor.schedule(
              () -> kill(podUid, containerId), wait.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException closing) {
      LOG.debug("{} is not killed, the node is closing", containerId);
    }
  }

  void remove(String podUid, String containerId) {
    try {
      release(podUid, containerId);
    } catch (IOException e) {
      LOG.warn("container {} is not wholly removed: {}", containerId, e.getMessage());
    }
  }

  private void release(String podUid, String containerId) throws IOException {
    steps.release(podUid, containerId);
    if (!folders.isRecorded(podUid, containerId)) {
      // Only of one that was never made.
      ImageVolumes.endCopies(folders.home(podUid, containerId));
    }
    folders.remove(podUid, containerId);
    ends.forget(containerId);
  }

  /// Once, for each pod that is over.
  ///
  /// @return whether that is done
  boolean leave(String podUid) {
    if (!folders.isThere(podUid)) {
      return true;
    }
    try {
      steps.vacate(podUid);
      folders.left(podUid);
      return true;
    } catch (IOException | StartException e) {
      LOG.warn("pod {} has not wholly left: {}", podUid, e.getMessage());
      return false;
    }
  }

  /// What cannot be removed keeps nothing else from it, and is known until it is.
  void removePod(String podUid) {
    @Nullable IOException failure = null;
    for (String each : folders.ids(podUid)) {
      try {
        release(podUid, each);
      } catch (IOException e) {
        LOG.warn("container {} is not wholly removed: {}", each, e.getMessage());
        failure = e;
      }
    }
    try {
      steps.vacate(podUid);
      if (failure == null) {
        folders.removePod(podUid);
      }
    } catch (IOException e) {
      LOG.warn("pod {} is not wholly removed: {}", podUid, e.getMessage());
      failure = e;
    }
    if (failure != null) {
      throw new StartException(
          "FailedKillPod",
          "error killing pod: failed to \"KillPodSandbox\" for \"%s\" with KillPodSandboxError: \"%s\""
              .formatted(podUid, String.valueOf(failure.getMessage()).replace("\"", "\\\"")),
          failure);
    }
  }

  /// Takes away what all pods have outside their folders: the node ends.
  void endAll(Closing closing) {
    closing.step(
        () -> {
          for (String uid : folders.pods()) {
            closing.step(() -> end(uid, closing));
          }
        });
  }

  private void end(String podUid, Closing closing) throws IOException {
    for (String each : folders.ids(podUid)) {
      closing.step(() -> steps.release(podUid, each));
    }
    steps.vacate(podUid);
  }

  /// A container without its parent has lost its log and exit code; it cannot go on. What is noted
  /// of containers that are gone goes, too.
  void endAbandoned() {
    for (String each : folders.lostEnds()) {
      try {
        Files.deleteIfExists(folders.exit(each));
        ends.forget(each);
      } catch (IOException e) {
        LOG.warn("the end of {} stays noted: {}", each, e.getMessage());
      }
    }
    eachRunning(
        "container {} has lost its parent and cannot be ended",
        home -> {
          String containerId = String.valueOf(home.getFileName());
          if (!steps.isKept(home, containerId)) {
            steps.abandon(ContainerFolders.podOf(containerId), containerId);
            folders.end(containerId, ContainerFolders.EXIT_UNKNOWN);
          }
        });
  }

  /// What is done to one container.
  @FunctionalInterface
  interface Care {
    /// @param home of the container
    void take(Path home) throws IOException;
  }

  /// Does something to each container that runs. One at which it fails keeps it from no other.
  ///
  /// @param failure what the log says then of a container
  void eachRunning(String failure, Care care) {
    for (String uid : folders.pods()) {
      try {
        for (Container each : folders.containers(uid)) {
          if (each.running()) {
            take(care, folders.home(uid, each.id()), failure);
          }
        }
      } catch (StartException e) {
        LOG.warn("containers of pod {} cannot be looked after: {}", uid, e.getMessage());
      }
    }
  }

  private static void take(Care care, Path home, String failure) {
    try {
      care.take(home);
    } catch (IOException | RuntimeException e) {
      LOG.warn(failure + ": {}", home.getFileName(), e.toString());
    }
  }
}
