// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.cri.CriClient;
import dev.havn.node.cri.CriException;
import dev.havn.node.cri.RuntimeHealth;
import dev.havn.node.protocol.cri.Cri;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What is done again and again for the containers of a CRI runtime: looks what has changed, asks
/// how the runtime is, rotates logs, and stops what shall stop. A runtime that is away is asked
/// until it is back.
final class CriUpkeep implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(CriUpkeep.class);
  private static final Duration LOOK_EVERY = Duration.ofMillis(500);
  private static final Duration CARE_EVERY = Duration.ofSeconds(5);
  private static final int AT_A_TIME = 16;
  private static final Duration STATUS_WITHIN = Duration.ofSeconds(10);

  private final CriClient client;
  private final CriPods pods;
  private final CriFolders folders;
  private final InstantSource clock;
  private final ScheduledExecutorService executor;
  private final RuntimeHealth health;
  private Map<String, Cri.Container> seen = new HashMap<>();
  private volatile Consumer<String> listener = _ -> {};
  private volatile boolean closed;
  private boolean isAway;

  CriUpkeep(
      CriClient client,
      CriPods pods,
      CriFolders folders,
      InstantSource clock,
      ScheduledExecutorService executor) {
    this.client = client;
    this.pods = pods;
    this.folders = folders;
    this.clock = clock;
    this.executor = executor;
    this.health = new RuntimeHealth(clock.instant());
  }

  void begin() {
    again(LOOK_EVERY, this::look);
    again(CARE_EVERY, this::care);
  }

  private void again(Duration pause, Runnable task) {
    if (closed) {
      return;
    }
    try {
      task.run();
    } catch (RuntimeException e) {
      LOG.warn("the runtime at {} is not looked after: {}", client.socket(), e.toString());
    }
    later(pause, () -> again(pause, task));
  }

  private void later(Duration pause, Runnable task) {
    try {
      var unused = executor.schedule(task, pause.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException closing) {
      closed = true;
    }
  }

  void onChange(Consumer<String> changed) {
    listener = changed;
  }

  List<String> problems() {
    return health.problems(clock.instant());
  }

  /// Tells of pods whose containers are not as they were. Of a runtime that does not answer nothing
  /// is known, and nothing told.
  private void look() {
    Map<String, Cri.Container> now = new HashMap<>();
    try {
      pods.containers().forEach(each -> now.put(each.getId(), each));
      isAway = false;
    } catch (CriException e) {
      if (!isAway) {
        LOG.warn("the runtime at {} does not answer: {}", client.socket(), e.getMessage());
      }
      isAway = true;
      client.tryAgain();
      return;
    }
    Set<String> changed = new HashSet<>();
    now.forEach(
        (id, each) -> {
          Cri.Container before = seen.get(id);
          if (before == null || before.getState() != each.getState()) {
            changed.add(each.getLabelsOrDefault(CriConfigs.POD_UID, ""));
          }
        });
    seen.forEach(
        (id, each) -> {
          if (!now.containsKey(id)) {
            changed.add(each.getLabelsOrDefault(CriConfigs.POD_UID, ""));
            pods.forget(id);
          }
        });
    seen = now;
    changed.forEach(listener);
  }

  private void care() {
    try {
      Cri.StatusResponse status =
          client.ask(STATUS_WITHIN, stub -> stub.status(Cri.StatusRequest.getDefaultInstance()));
      health.hear(status.getStatus(), clock.instant());
      for (Cri.Container each : pods.containers()) {
        if (each.getState() == Cri.ContainerState.CONTAINER_RUNNING) {
          rotate(each);
        }
      }
    } catch (CriException e) {
      LOG.debug("the runtime at {} does not say how it is: {}", client.socket(), e.getMessage());
    }
  }

  private void rotate(Cri.Container container) {
    Path home =
        folders.home(
            container.getLabelsOrDefault(CriConfigs.POD_UID, ""),
            container.getMetadata().getName(),
            container.getMetadata().getAttempt());
    var request =
        Cri.ReopenContainerLogRequest.newBuilder().setContainerId(container.getId()).build();
    try {
      new LogRotation(
              _ -> {
                var unused = client.ask(stub -> stub.reopenContainerLog(request));
              })
          .look(home);
    } catch (IOException | CriException e) {
      LOG.warn("the log of {} is not rotated: {}", container.getId(), e.getMessage());
    }
  }

  /// Whole seconds, never less than asked for.
  static long seconds(Duration time) {
    return time.plusSeconds(1).minusNanos(1).toSeconds();
  }

  /// Returns at once. One that cannot be stopped is tried again: nobody asks for it twice.
  void stop(String podUid, String containerId, Duration grace) {
    var unused =
        Thread.ofVirtual().name("stop " + containerId).start(() -> end(podUid, containerId, grace));
  }

  private void end(String podUid, String containerId, Duration grace) {
    try {
      end(containerId, grace);
      listener.accept(podUid);
    } catch (CriException e) {
      if (!e.isNotFound() && !closed) {
        LOG.warn("container {} is not stopped: {}", containerId, e.getMessage());
        later(FolderUpkeep.KILL_AGAIN, () -> stop(podUid, containerId, Duration.ZERO));
      }
    }
  }

  private void end(String containerId, Duration grace) {
    var request =
        Cri.StopContainerRequest.newBuilder()
            .setContainerId(containerId)
            .setTimeout(seconds(grace))
            .build();
    var unused = client.ask(grace.plus(CriClient.WITHIN), stub -> stub.stopContainer(request));
  }

  /// Stops containers, and waits.
  void stopAll(List<Cri.Container> all, Function<Cri.Container, Duration> grace) {
    forEach(
        all.stream()
            .filter(each -> each.getState() == Cri.ContainerState.CONTAINER_RUNNING)
            .toList(),
        each -> end(each.getId(), grace.apply(each)));
  }

  /// Does something to all, some at a time, and waits. One at which it fails keeps it from no
  /// other.
  static <T> void forEach(List<T> all, Consumer<T> deed) {
    Semaphore slots = new Semaphore(AT_A_TIME);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (T each : all) {
        threads.execute(
            () -> {
              slots.acquireUninterruptibly();
              try {
                deed.accept(each);
              } catch (CriException e) {
                LOG.warn("the runtime does not do what is asked: {}", e.getMessage());
              } finally {
                slots.release();
              }
            });
      }
    }
  }

  @Override
  public void close() {
    closed = true;
  }
}
