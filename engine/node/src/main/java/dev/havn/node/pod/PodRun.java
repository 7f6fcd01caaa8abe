// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.runtime.ContainerRuntime.Container;
import dev.havn.node.runtime.ContainerRuntime.Feature;
import dev.havn.node.runtime.ContainerRuntime.PodPlace;
import dev.havn.node.runtime.ContainerRuntime.Sharing;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.Sysctl;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One look at one pod: starts what should run and does not, and tells what is.
final class PodRun {
  /// So often somebody asks whether volumes are there, if nobody says so.
  private static final Duration PENDING_EVERY = Duration.ofSeconds(1);

  /// So often it is looked whether there is room for a resize, if nobody says so.
  private static final Duration ROOM_EVERY = Duration.ofMinutes(3);

  private final PodReconciler.Parts parts;
  private final Pod pod;
  private final String uid;
  private final PodMemory memory;
  private final Map<String, PodStatusOf.Waiting> waiting;
  private final List<io.fabric8.kubernetes.api.model.Container> ephemeral;
  private final Attempts attempts;
  private String address = "";
  private boolean isStartingOver;
  private boolean beginsOwnUsers;
  private @Nullable Duration again;
  private @Nullable Duration refreshAgain;

  /// @param pod as the API has it, which may ask for more than it was given
  PodRun(PodReconciler.Parts parts, Pod pod, PodMemory memory) {
    this.parts = parts;
    this.pod = parts.allocations().of(pod);
    this.uid = pod.getMetadata().getUid();
    this.memory = memory;
    this.waiting = memory.waiting;
    this.attempts = new Attempts(parts.runtime(), uid, this::forget);
    this.ephemeral = EphemeralContainers.of(pod, parts.api());
  }

  /// A container is no more.
  private void forget(Container container) {
    parts.stops().forget(uid, container.id());
    memory.forget(container.id());
    parts.containers().forget(pod, container);
  }

  /// When to look again, null for when something changes.
  @Nullable Duration again() {
    return again;
  }

  boolean hasContainers() {
    return !attempts.latest().isEmpty();
  }

  /// Takes the address from the pod's status: nothing is started any more.
  void observeLast() {
    attempts.observe();
    String known = pod.getStatus() == null ? null : pod.getStatus().getPodIP();
    address = known == null ? "" : known;
  }

  private PodPlace place() {
    PodSpec spec = pod.getSpec();
    Map<String, String> sysctls = new HashMap<>();
    if (spec.getSecurityContext() != null) {
      for (Sysctl each : spec.getSecurityContext().getSysctls()) {
        sysctls.put(each.getName(), each.getValue());
      }
    }
    return new PodPlace(
        pod.getMetadata().getUid(),
        pod.getMetadata().getNamespace(),
        pod.getMetadata().getName(),
        PodFiles.hostName(pod),
        new Sharing(
            Boolean.TRUE.equals(spec.getHostNetwork()),
            Boolean.TRUE.equals(spec.getHostPID()),
            Boolean.TRUE.equals(spec.getHostIPC()),
            Boolean.TRUE.equals(spec.getShareProcessNamespace()),
            Boolean.FALSE.equals(spec.getHostUsers())),
        sysctls,
        Restarts.containers(pod).anyMatch(PodRun::isPrivileged),
        memory.bounds == null
            ? ContainerResources.ofPod(memory.given == null ? pod : memory.given.on(pod))
            : memory.bounds,
        HostPorts.wishes(pod, () -> parts.containers().dns(pod)),
        new RuntimeHandlers(PodApi.of(parts.api()), parts.runtime()).of(pod, memory));
  }

  private static boolean isPrivileged(io.fabric8.kubernetes.api.model.Container container) {
    return container.getSecurityContext() != null
        && Boolean.TRUE.equals(container.getSecurityContext().getPrivileged());
  }

  void run() {
    Duration left = memory.missedLeft(parts.clock().instant());
    if (left.isPositive() && !(memory.hasVolumes() && parts.devices().areReady(pod))) {
      observeLast();
      again = left;
      return;
    }
    PodPlace place;
    try {
      place = place();
      prepare(place);
    } catch (StartException e) {
      if (beginsOwnUsers) {
        parts.ownUsers().fail();
      }
      missed(e);
      observeLast();
      again = refreshAgain;
      return;
    }
    attempts.observe();
    ContainerUpkeep upkeep =
        new ContainerUpkeep(parts, pod, ephemeral, place, address, attempts, memory);
    for (var container : ephemeral) {
      upkeep.keep(container, _ -> false);
    }
    if (!startsOver(upkeep) && initialize(upkeep)) {
      for (var container : pod.getSpec().getContainers()) {
        if (!upkeep.keep(container, code -> Restarts.of(pod, container, code))) {
          break;
        }
      }
    }
    attempts.observe();
    again = earliest(earliest(upkeep.again(), refreshAgain), resize(upkeep));
    if (beginsOwnUsers
        && waiting.values().stream().anyMatch(each -> each.reason().endsWith("Error"))) {
      parts.ownUsers().fail();
    }
    watchProbes();
  }

  private @Nullable Duration resize(ContainerUpkeep upkeep) {
    @Nullable Duration wait = memory.resizeWaits == null ? null : ROOM_EVERY;
    return earliest(
        wait,
        parts
            .resizes()
            .bring(new Resizes.Look(pod, memory, attempts, parts.scheme(), upkeep::restart)));
  }

  static @Nullable Duration earliest(@Nullable Duration one, @Nullable Duration other) {
    if (one == null || other == null) {
      return one == null ? other : one;
    }
    return one.compareTo(other) < 0 ? one : other;
  }

  private void missed(StartException why) {
    if (why.reason().equals(Volumes.PENDING)) {
      refreshAgain = PENDING_EVERY;
      return;
    }
    refreshAgain = memory.missed(parts.clock().instant());
    if (memory.isMissedAgain()) {
      parts.events().warning(pod, why.reason(), String.valueOf(why.getMessage()));
    }
  }

  /// Volumes that were there once serve on when they cannot be brought up to date.
  private void prepareVolumes() {
    Instant now = parts.clock().instant();
    if (!memory.volumesAreDue(pod, now) || memory.missedLeft(now).isPositive()) {
      return;
    }
    try {
      memory.volumesBegun();
      parts.containers().prepare(pod);
      memory.volumesPrepared(pod, now);
    } catch (StartException e) {
      if (!memory.hasVolumes()) {
        throw e;
      }
      missed(e);
    }
  }

  /// Volumes, network, and the files that tell of the address.
  private void prepare(PodPlace place) {
    if (place.sharing().ownUsers()
        && parts.runtime().needsImages()
        && !parts.runtime().features().contains(Feature.USER_NAMESPACES)) {
      throw new StartException(
          "FailedCreatePodSandBox",
          "Failed to create pod sandbox: can't set `spec.hostUsers: false`, runtime does not support user namespaces",
          null);
    }
    prepareVolumes();
    parts.devices().prepare(pod, parts.runtime());
    beginsOwnUsers = place.sharing().ownUsers() && parts.runtime().address(uid).isEmpty();
    if (beginsOwnUsers) {
      parts.ownUsers().begin();
    }
    address = parts.runtime().ensurePod(place);
    memory.bounds = place.bounds();
    if (address.isEmpty()) {
      address = parts.addresses().host();
    }
    if (!memory.isPlaced(address)) {
      parts.containers().place(pod, address);
      memory.placed(address);
    }
  }

  /// Whether some container's end lets all others end, so that the pod starts over. When they have,
  /// nothing of what ran counts any more.
  private boolean startsOver(ContainerUpkeep upkeep) {
    isStartingOver =
        initAndMain().stream()
            .anyMatch(
                each -> {
                  @Nullable Container ended = attempts.latest(each.getName());
                  return ended != null
                      && !ended.running()
                      && !memory.isVoid(ended)
                      && Restarts.ofAll(each, ended.exitCode());
                });
    if (!isStartingOver) {
      return false;
    }
    boolean allHaveEnded = true;
    for (var each : initAndMain()) {
      @Nullable Container running = attempts.latest(each.getName());
      if (running != null && running.running()) {
        allHaveEnded = false;
        upkeep.stop(each, running, "Stopping container " + each.getName());
      }
    }
    if (allHaveEnded) {
      memory.startOver(attempts.latest());
    }
    return !allHaveEnded;
  }

  /// Whether all init containers have done their work.
  private boolean initialize(ContainerUpkeep upkeep) {
    for (var container : pod.getSpec().getInitContainers()) {
      boolean done =
          "Always".equals(container.getRestartPolicy())
              ? keepSidecar(upkeep, container)
              : runOnce(upkeep, container);
      if (!done) {
        return false;
      }
    }
    for (var each : pod.getSpec().getContainers()) {
      PodStatusOf.Waiting known = waiting.get(each.getName());
      if (known != null && known.reason().equals(ContainerUpkeep.INITIALIZING)) {
        waiting.remove(each.getName());
      }
    }
    return true;
  }

  private boolean keepSidecar(
      ContainerUpkeep upkeep, io.fabric8.kubernetes.api.model.Container container) {
    boolean kept = upkeep.keep(container, _ -> true);
    attempts.observe();
    @Nullable Container now = attempts.latest(container.getName());
    return kept && now != null && now.running() && parts.probes().isStarted(uid, container, now);
  }

  private boolean runOnce(
      ContainerUpkeep upkeep, io.fabric8.kubernetes.api.model.Container container) {
    @Nullable Container known = attempts.latest(container.getName());
    boolean done =
        known != null && !known.running() && known.exitCode() == 0 && !memory.isVoid(known);
    boolean mainHasRun =
        pod.getSpec().getContainers().stream()
            .map(each -> attempts.latest(each.getName()))
            .anyMatch(each -> each != null && !memory.isVoid(each));
    if (done || mainHasRun) {
      return true;
    }
    upkeep.keep(container, code -> Restarts.ofInit(pod, container, code));
    attempts.observe();
    for (var each : pod.getSpec().getContainers()) {
      waiting.putIfAbsent(
          each.getName(), new PodStatusOf.Waiting(ContainerUpkeep.INITIALIZING, ""));
    }
    return false;
  }

  private List<io.fabric8.kubernetes.api.model.Container> initAndMain() {
    List<io.fabric8.kubernetes.api.model.Container> all =
        new ArrayList<>(pod.getSpec().getInitContainers());
    all.addAll(pod.getSpec().getContainers());
    return all;
  }

  private void watchProbes() {
    for (var container : initAndMain()) {
      @Nullable Container running = attempts.latest(container.getName());
      if (running != null && running.running()) {
        parts.probes().watch(pod, container, running, address);
      }
    }
  }

  ObjectNode status() {
    PodStatusOf.@Nullable Ending ending = memory.ending();
    Map<String, Boolean> ready = new HashMap<>();
    Map<String, Boolean> started = new HashMap<>();
    for (var container : initAndMain()) {
      @Nullable Container known = attempts.latest(container.getName());
      boolean runs = known != null && known.running();
      started.put(
          container.getName(),
          known != null && runs && parts.probes().isStarted(uid, container, known));
      ready.put(
          container.getName(),
          known != null && runs && parts.probes().isReady(uid, container, known));
    }
    PodStatusOf.Observed observed =
        new PodStatusOf.Observed(
            parts.addresses(),
            address,
            attempts.latest(),
            attempts.previous(),
            waiting,
            ready,
            started,
            parts.scheme(),
            bounds(),
            new PodStatusOf.Resize(memory.given, memory.resizeWaits, memory.resizing),
            parts.runtime().features().contains(Feature.RECURSIVE_READ_ONLY),
            isStartingOver,
            ending,
            (container, ended) -> parts.containers().lastMessage(pod, container, ended));
    ObjectNode status = new PodStatusOf(pod, ephemeral, observed, parts.clock().instant()).json();
    parts.devices().show(pod, status);
    return status;
  }

  /// What bounds the containers that run, by name.
  private Map<String, ResourceRequirements> bounds() {
    Map<String, ResourceRequirements> bounds = new HashMap<>();
    for (Container each : attempts.latest().values()) {
      @Nullable ResourceRequirements applied =
          each.running() ? memory.applied(pod, each, parts.scheme() + "://" + each.id()) : null;
      if (applied != null) {
        bounds.put(each.name(), applied);
      }
    }
    return bounds;
  }
}
