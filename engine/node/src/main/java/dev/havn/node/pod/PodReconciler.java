// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.ContainerRuntime.Container;
import dev.havn.node.runtime.ContainerRuntime.PodPlace;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Brings the containers of one pod to where its spec wants them, and its status to where they are.
public final class PodReconciler implements Reconciler {
  private static final Duration BACKOFF_MIN = Duration.ofSeconds(10);

  /// How soon a changed ConfigMap or Secret, or a token near its end, shows in a volume.
  private static final Duration VOLUMES_EVERY = Duration.ofSeconds(30);

  private static final Duration BACKOFF_MAX = Duration.ofMinutes(5);

  private final Informer<Pod> pods;
  private final ContainerRuntime runtime;
  private final Containers containers;
  private final Probes probes;
  private final Api api;
  private final Events events;
  private final InstantSource clock;
  private final String hostAddress;
  private final Map<String, String> uids = new ConcurrentHashMap<>();
  private final Map<String, Map<String, PodStatusOf.Waiting>> refused = new ConcurrentHashMap<>();
  private final Set<String> stopping = ConcurrentHashMap.newKeySet();

  /// What a pod reconciler works with.
  public record Parts(
      Informer<Pod> pods,
      ContainerRuntime runtime,
      Containers containers,
      Probes probes,
      Api api,
      Events events,
      InstantSource clock,
      String hostAddress) {}

  public PodReconciler(Parts parts) {
    this.pods = parts.pods();
    this.runtime = parts.runtime();
    this.containers = parts.containers();
    this.probes = parts.probes();
    this.api = parts.api();
    this.events = parts.events();
    this.clock = parts.clock();
    this.hostAddress = parts.hostAddress();
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable Pod pod = pods.get(key.namespace(), key.name());
    @Nullable String before = uids.get(key.toString());
    if (before != null && (pod == null || !pod.getMetadata().getUid().equals(before))) {
      forget(before);
      uids.remove(key.toString());
    }
    if (pod == null) {
      return Result.DONE;
    }
    String uid = pod.getMetadata().getUid();
    uids.put(key.toString(), uid);
    if (pod.getMetadata().getDeletionTimestamp() != null) {
      return terminate(pod);
    }
    boolean over =
        pod.getStatus() != null && PodStatusOf.isOver(String.valueOf(pod.getStatus().getPhase()));
    if (over) {
      return Result.DONE;
    }
    Pass pass = new Pass(pod);
    pass.run();
    writeStatus(pod, pass.status());
    if (pass.again == null && !pod.getSpec().getVolumes().isEmpty() && runtime.needsImages()) {
      return Result.after(VOLUMES_EVERY);
    }
    return Result.after(pass.again);
  }

  private void forget(String uid) {
    probes.forget(uid);
    refused.remove(uid);
    stopping.remove(uid);
    runtime.removePod(uid);
    containers.remove(uid);
  }

  private static PodPlace place(Pod pod) {
    String host =
        pod.getSpec().getHostname() == null
            ? pod.getMetadata().getName()
            : pod.getSpec().getHostname();
    return new PodPlace(
        pod.getMetadata().getUid(),
        pod.getMetadata().getNamespace(),
        pod.getMetadata().getName(),
        host.substring(0, Math.min(63, host.length())),
        Boolean.TRUE.equals(pod.getSpec().getHostNetwork()),
        Boolean.TRUE.equals(pod.getSpec().getShareProcessNamespace()));
  }

  /// One look at one pod.
  private final class Pass {
    private final Pod pod;
    private final String uid;
    private final Map<String, Container> latest = new HashMap<>();
    private final Map<String, Container> previous = new HashMap<>();
    private final Map<String, PodStatusOf.Waiting> waiting;
    private String address = "";
    private @Nullable Duration again;

    Pass(Pod pod) {
      this.pod = pod;
      this.uid = pod.getMetadata().getUid();
      this.waiting = refused.computeIfAbsent(uid, _ -> new ConcurrentHashMap<>());
    }

    void observe() {
      latest.clear();
      previous.clear();
      for (Container container : runtime.containers(uid)) {
        @Nullable Container older = latest.put(container.name(), container);
        if (older != null) {
          previous.put(container.name(), older);
        }
      }
    }

    void run() {
      PodPlace place = place(pod);
      try {
        containers.prepare(pod);
        address = runtime.ensurePod(place);
        if (address.isEmpty()) {
          address = hostAddress;
        }
      } catch (StartException e) {
        events.warning(pod, e.reason(), String.valueOf(e.getMessage()));
        again = BACKOFF_MIN;
        observe();
        return;
      }
      observe();
      if (initialize(place)) {
        for (var container : pod.getSpec().getContainers()) {
          keep(place, container, pod.getSpec().getRestartPolicy());
        }
        observe();
      }
      watchProbes();
    }

    /// Whether all init containers have done their work.
    private boolean initialize(PodPlace place) {
      for (var container : pod.getSpec().getInitContainers()) {
        boolean sidecar = "Always".equals(container.getRestartPolicy());
        @Nullable Container known = latest.get(container.getName());
        if (sidecar) {
          keep(place, container, "Always");
          observe();
          @Nullable Container now = latest.get(container.getName());
          if (now == null || !now.running() || !probes.isStarted(uid, container, now)) {
            return false;
          }
          continue;
        }
        boolean done = known != null && !known.running() && known.exitCode() == 0;
        if (done) {
          continue;
        }
        String policy = pod.getSpec().getRestartPolicy().equals("Never") ? "Never" : "OnFailure";
        boolean mainHasRun =
            pod.getSpec().getContainers().stream().anyMatch(c -> latest.containsKey(c.getName()));
        if (!mainHasRun) {
          keep(place, container, policy);
          observe();
          pod.getSpec()
              .getContainers()
              .forEach(
                  each ->
                      waiting.putIfAbsent(
                          each.getName(), new PodStatusOf.Waiting("PodInitializing", "")));
          return false;
        }
      }
      pod.getSpec()
          .getContainers()
          .forEach(
              each -> {
                PodStatusOf.Waiting known = waiting.get(each.getName());
                if (known != null && known.reason().equals("PodInitializing")) {
                  waiting.remove(each.getName());
                }
              });
      return true;
    }

    /// Starts a container that has not run, and one that ended if its policy says so.
    private void keep(
        PodPlace place, io.fabric8.kubernetes.api.model.Container container, String policy) {
      @Nullable Container known = latest.get(container.getName());
      int attempt = 0;
      if (known != null) {
        if (known.running()) {
          waiting.remove(container.getName());
          return;
        }
        boolean again =
            policy.equals("Always") || (policy.equals("OnFailure") && known.exitCode() != 0);
        if (!again) {
          return;
        }
        attempt = known.attempt() + 1;
        if (backsOff(container, known)) {
          return;
        }
      }
      start(place, container, attempt);
    }

    private boolean backsOff(io.fabric8.kubernetes.api.model.Container container, Container known) {
      @Nullable Instant finished = known.finished();
      if (finished == null) {
        return false;
      }
      boolean ranLong =
          Duration.between(known.started(), finished).compareTo(BACKOFF_MAX.multipliedBy(2)) > 0;
      if (known.attempt() == 0 || ranLong) {
        return false;
      }
      long factor = 1L << Math.min(known.attempt() - 1, 10);
      Duration wait = BACKOFF_MIN.multipliedBy(factor);
      wait = wait.compareTo(BACKOFF_MAX) > 0 ? BACKOFF_MAX : wait;
      Duration left = Duration.between(clock.instant(), finished.plus(wait));
      if (left.isNegative() || left.isZero()) {
        return false;
      }
      again = again == null || left.compareTo(again) < 0 ? left : again;
      String message =
          "back-off %s restarting failed container=%s pod=%s_%s(%s)"
              .formatted(
                  shown(wait),
                  container.getName(),
                  pod.getMetadata().getName(),
                  pod.getMetadata().getNamespace(),
                  uid);
      if (waiting.put(container.getName(), new PodStatusOf.Waiting("CrashLoopBackOff", message))
          == null) {
        events.record(
            pod,
            "spec.containers{" + container.getName() + "}",
            "Warning",
            "BackOff",
            "Back-off restarting failed container %s in pod %s_%s(%s)"
                .formatted(
                    container.getName(),
                    pod.getMetadata().getName(),
                    pod.getMetadata().getNamespace(),
                    uid));
      }
      return true;
    }

    private static String shown(Duration wait) {
      long minutes = wait.toMinutes();
      return minutes == 0 ? wait.toSeconds() + "s" : minutes + "m" + wait.toSecondsPart() + "s";
    }

    private void start(
        PodPlace place, io.fabric8.kubernetes.api.model.Container container, int attempt) {
      String path = "spec.containers{" + container.getName() + "}";
      try {
        runtime.start(place, containers.spec(pod, container, attempt, address));
        waiting.remove(container.getName());
        events.record(pod, path, "Normal", "Created", "Container created");
        events.record(pod, path, "Normal", "Started", "Container started");
      } catch (StartException e) {
        PodStatusOf.Waiting why =
            new PodStatusOf.Waiting(e.reason(), String.valueOf(e.getMessage()));
        if (!why.equals(waiting.put(container.getName(), why))) {
          events.record(pod, path, "Warning", "Failed", String.valueOf(e.getMessage()));
        }
        again = BACKOFF_MIN;
      }
    }

    private void watchProbes() {
      for (List<io.fabric8.kubernetes.api.model.Container> list :
          List.of(pod.getSpec().getInitContainers(), pod.getSpec().getContainers())) {
        for (var container : list) {
          @Nullable Container running = latest.get(container.getName());
          if (running != null && running.running()) {
            probes.watch(pod, container, running, address);
          }
        }
      }
    }

    ObjectNode status() {
      Map<String, Boolean> ready = new HashMap<>();
      Map<String, Boolean> started = new HashMap<>();
      for (List<io.fabric8.kubernetes.api.model.Container> list :
          List.of(pod.getSpec().getInitContainers(), pod.getSpec().getContainers())) {
        for (var container : list) {
          @Nullable Container known = latest.get(container.getName());
          boolean runs = known != null && known.running();
          started.put(
              container.getName(),
              known != null && runs && probes.isStarted(uid, container, known));
          ready.put(
              container.getName(), known != null && runs && probes.isReady(uid, container, known));
        }
      }
      return new PodStatusOf(
              pod,
              new PodStatusOf.Observed(
                  hostAddress, address, latest, previous, waiting, ready, started, scheme()),
              clock.instant())
          .json();
    }

    private String scheme() {
      String version = runtime.version();
      return version.substring(0, version.indexOf(':'));
    }
  }

  private void writeStatus(Pod pod, ObjectNode status) {
    JsonNode before = pod.getStatus() == null ? Api.object() : api.toTree(pod.getStatus());
    boolean same =
        status.properties().stream()
            .allMatch(field -> PodStatuses.same(before.path(field.getKey()), field.getValue()));
    if (!same) {
      ObjectNode patch = Api.object();
      patch.putObject("metadata").put("uid", pod.getMetadata().getUid());
      patch.set("status", status);
      api.merge(path(pod) + "/status", patch);
    }
  }

  private static String path(Pod pod) {
    return Api.path(Pod.class, pod.getMetadata().getNamespace(), pod.getMetadata().getName());
  }

  private Result terminate(Pod pod) {
    String uid = pod.getMetadata().getUid();
    Long seconds = pod.getMetadata().getDeletionGracePeriodSeconds();
    Duration grace = Duration.ofSeconds(seconds == null ? 30 : seconds);
    boolean running = false;
    boolean first = stopping.add(uid);
    for (Container container : runtime.containers(uid)) {
      if (container.running()) {
        running = true;
        if (first) {
          events.record(
              pod,
              "spec.containers{" + container.name() + "}",
              "Normal",
              "Killing",
              "Stopping container " + container.name());
        }
        runtime.stop(uid, container.id(), containers.preStop(pod, container, grace, first));
      }
    }
    if (running) {
      return Result.DONE;
    }
    finish(pod, uid);
    return Result.DONE;
  }

  /// The last status, then nothing: all containers have ended.
  private void finish(Pod pod, String uid) {
    probes.forget(uid);
    Pass pass = new Pass(pod);
    pass.observe();
    if (!pass.latest.isEmpty()) {
      pass.address =
          pod.getStatus() == null || pod.getStatus().getPodIP() == null
              ? ""
              : pod.getStatus().getPodIP();
      try {
        writeStatus(pod, pass.status());
      } catch (Api.RefusedException e) {
        if (e.code() != 404 && e.code() != 409) {
          throw e;
        }
      }
    }
    forget(uid);
    ObjectNode options = Api.object().put("gracePeriodSeconds", 0);
    options.putObject("preconditions").put("uid", uid);
    try {
      api.delete(path(pod), options);
    } catch (Api.RefusedException e) {
      if (e.code() != 409) {
        throw e;
      }
    }
  }
}
