// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.configuration.KubeletConfiguration;
import dev.havn.node.csi.VolumeFigures;
import dev.havn.node.image.Images;
import dev.havn.node.plugin.KubeletFolder;
import dev.havn.node.plugin.PluginHandler;
import dev.havn.node.rpc.UnixSockets;
import dev.havn.node.runtime.Addresses;
import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.Pod;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Brings the containers of one pod to where its spec wants them, and its status to where they are.
public final class PodReconciler implements Reconciler {
  private static final Logger LOG = LoggerFactory.getLogger(PodReconciler.class);
  private static final Duration GRACE = Duration.ofSeconds(30);
  private static final Duration RELEASE_AGAIN = Duration.ofSeconds(5);

  private final Parts parts;
  private final StopOrder stopping;
  private final Evictions evictions;
  private final Admissions admissions;
  private final Set<String> suspects = ConcurrentHashMap.newKeySet();

  /// Uids of pods that are being removed now.
  private final Set<String> forgotten = ConcurrentHashMap.newKeySet();

  private final Map<String, String> uids = new ConcurrentHashMap<>();
  private final Map<String, PodMemory> memories = new ConcurrentHashMap<>();
  private volatile boolean isGoingDown;

  /// What a pod reconciler works with.
  record Parts(
      BoundPods pods,
      ContainerRuntime runtime,
      Containers containers,
      PodImages images,
      Probes probes,
      Stops stops,
      Hooks hooks,
      Allocations allocations,
      Resizes resizes,
      PodDevices devices,
      OwnUsersCount ownUsers,
      Consumer<Pod> look,
      Api api,
      Events events,
      InstantSource clock,
      Addresses addresses) {
    /// Of container ids, as the runtime's version begins.
    String scheme() {
      String version = runtime.version();
      return version.substring(0, version.indexOf(':'));
    }
  }

  /// Of a node.
  ///
  /// @param node its name
  /// @param folder for what pods have on disk
  /// @param kubelet where plugins and the node meet
  /// @param dnsAddress of the cluster's DNS server, empty when there is none
  /// @param look looks at a pod soon
  /// @param pressures the conditions that say what the node is short of
  /// @param shortage tells that the node is short of a resource
  public record Settings(
      String node,
      BoundPods pods,
      ContainerRuntime runtime,
      Path folder,
      KubeletFolder kubelet,
      UnixSockets sockets,
      Api api,
      Events events,
      Addresses addresses,
      String dnsAddress,
      Images images,
      PodDevices devices,
      Consumer<Pod> look,
      Supplier<List<String>> pressures,
      Consumer<String> shortage,
      KubeletConfiguration configuration,
      InstantSource clock,
      ScheduledExecutorService executor) {}

  public PodReconciler(Settings settings) {
    Hooks hooks = new Hooks(settings.runtime(), settings.executor());
    Stops stops = new Stops(settings.runtime(), hooks, settings.events(), settings.clock());
    ResizeEvents resizeEvents =
        new ResizeEvents(
            (pod, type, reason, message) ->
                settings.events().record(pod, "", type, reason, message));
    Allocations allocations =
        new Allocations(
            settings.pods()::list,
            Machine.capacity(),
            resizeEvents,
            settings.look(),
            settings.clock());
    this.parts =
        new Parts(
            settings.pods(),
            settings.runtime(),
            new Containers(settings),
            new PodImages(
                settings.images(),
                PullSecrets.of(settings),
                settings.clock(),
                settings.executor(),
                settings.look()),
            new Probes(
                settings.runtime(),
                settings.executor(),
                settings.events(),
                stops,
                settings.look(),
                settings.clock()),
            stops,
            hooks,
            allocations,
            new Resizes(settings.runtime(), resizeEvents, allocations),
            settings.devices(),
            new OwnUsersCount(),
            settings.look(),
            settings.api(),
            settings.events(),
            settings.clock(),
            settings.addresses());
    this.stopping = new StopOrder(settings.runtime(), stops);
    this.evictions = evictions(settings);
    this.admissions = new Admissions(parts, settings);
    if (settings.runtime().needsImages()) {
      settings.images().addUser(() -> UsedImages.of(parts.runtime(), parts.pods()));
    }
  }

  /// By which drivers of volumes are registered.
  public PluginHandler drivers() {
    return parts.containers().drivers();
  }

  /// How full the volumes of a pod are that drivers brought.
  public List<VolumeFigures> volumes(String uid) {
    return parts.containers().figures(uid);
  }

  /// Where a volume lies whose use is measured on the machine, by the pod's uid and its name.
  public Optional<Path> measured(String uid, String volume) {
    return parts.containers().measured(uid, volume);
  }

  /// What probes said.
  public ProbeCounts probes() {
    return parts.probes().counts();
  }

  public OwnUsersCount ownUsers() {
    return parts.ownUsers();
  }

  private Evictions evictions(Settings settings) {
    return new Evictions(
        settings.runtime(),
        settings.configuration().evictions(),
        NodeGauge.of(settings.folder()),
        new PodDisks(settings.runtime(), settings.folder(), settings.executor(), PodDisks.Meter.DU),
        new Evictions.Actions(
            this::evict,
            settings.shortage(),
            () -> settings.images().removeUnused(settings.configuration().images())));
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable Pod pod = parts.pods().get(key.namespace(), key.name());
    @Nullable String before = uids.get(key.toString());
    if (before != null && (pod == null || !pod.getMetadata().getUid().equals(before))) {
      forget(before, null);
      uids.remove(key.toString());
    }
    if (pod == null) {
      parts.allocations().retry();
      return Result.DONE;
    }
    uids.put(key.toString(), pod.getMetadata().getUid());
    if (pod.getMetadata().getDeletionTimestamp() != null) {
      return terminate(pod);
    }
    if (PodStatusOf.isOver(pod)) {
      parts.allocations().retry();
      if (!stopping.stopAll(pod, GRACE) && !isReleased(pod)) {
        return Result.after(RELEASE_AGAIN);
      }
      if (StaticPods.isStatic(pod)) {
        // Its mirror may be a new one.
        writeStatus(pod, last(pod).status());
      }
      return Result.DONE;
    }
    Optional<PodStatusOf.Ending> refusal = admissions.refusal(pod, isGoingDown);
    if (refusal.isPresent()) {
      return refuse(pod, refusal.get());
    }
    PodStatusOf.@Nullable Ending ending = memory(pod).ending();
    if (ending != null && ending.isOrdered()) {
      return end(pod, ending.grace(grace(pod.getSpec().getTerminationGracePeriodSeconds())));
    }
    @Nullable Duration deadline = untilDeadline(pod);
    if (deadline != null && !deadline.isPositive()) {
      return exceed(pod);
    }
    parts.resizes().decide(pod, memory(pod));
    PodRun run = run(pod);
    run.run();
    return conclude(
        pod, run, PodRun.earliest(PodRun.earliest(run.again(), deadline), refresh(pod)));
  }

  /// Whether drivers have let go of what a pod had that is over; both are asked to.
  private boolean isReleased(Pod pod) {
    return parts.devices().release(pod) & parts.containers().release(pod);
  }

  /// Lets a pod be Failed that the node does not take, or does not take again.
  private Result refuse(Pod pod, PodStatusOf.Ending why) {
    PodStatusOf.Ending told =
        new PodStatusOf.Ending(why.reason(), "Pod was rejected: " + why.message());
    if (memory(pod).end(told)) {
      parts.events().warning(pod, why.reason(), why.message());
    }
    writeStatus(pod, last(pod).status());
    return Result.DONE;
  }

  private PodRun run(Pod pod) {
    return new PodRun(parts, pod, memory(pod));
  }

  /// A look that starts nothing any more.
  private PodRun last(Pod pod) {
    PodRun run = run(pod);
    run.observeLast();
    return run;
  }

  private PodMemory memory(Pod pod) {
    return memories.computeIfAbsent(pod.getMetadata().getUid(), _ -> new PodMemory());
  }

  /// Lets volumes follow an object that they are made of.
  public void changed(VolumeObject object) {
    for (Pod pod : parts.pods().list()) {
      if (object.isIn(pod)) {
        memory(pod).hear();
        parts.look().accept(pod);
      }
    }
  }

  private @Nullable Duration refresh(Pod pod) {
    return !pod.getSpec().getVolumes().isEmpty() && parts.runtime().needsImages()
        ? PodMemory.VOLUMES_EVERY
        : null;
  }

  /// The time left by `activeDeadlineSeconds`, null for a pod without one.
  private @Nullable Duration untilDeadline(Pod pod) {
    Long seconds = pod.getSpec().getActiveDeadlineSeconds();
    if (seconds == null || pod.getStatus() == null || pod.getStatus().getStartTime() == null) {
      return seconds == null ? null : Duration.ofSeconds(Math.max(1, seconds));
    }
    Instant ends = Instant.parse(pod.getStatus().getStartTime()).plusSeconds(seconds);
    return Duration.between(parts.clock().instant(), ends);
  }

  /// Ends a pod whose time is up.
  private Result exceed(Pod pod) {
    PodStatusOf.Ending ending =
        new PodStatusOf.Ending(
            "DeadlineExceeded", "Pod was active on the node longer than the specified deadline");
    if (memory(pod).end(ending)) {
      parts.events().normal(pod, ending.reason(), ending.message());
    }
    return end(pod, grace(pod.getSpec().getTerminationGracePeriodSeconds()));
  }

  private Result end(Pod pod, Duration grace) {
    return stopping.stopAll(pod, grace) ? Result.DONE : conclude(pod, last(pod), null);
  }

  /// Tells how a pod is. It is not over before its claims are free.
  private Result conclude(Pod pod, PodRun run, @Nullable Duration again) {
    ObjectNode status = run.status();
    if (PodStatusOf.isOver(status.path("phase").asText()) && !parts.devices().release(pod)) {
      return Result.after(RELEASE_AGAIN);
    }
    writeStatus(pod, status);
    return Result.after(again);
  }

  /// Lets pods end that use more memory than the node has.
  ///
  /// @param memoryBytes that the machine has left
  /// @return the resources that the node is short of
  public Set<String> evict(long memoryBytes) {
    return evictions.look(parts.pods().list(), memoryBytes, parts.clock().instant());
  }

  private void evict(Pod pod, PodStatusOf.Ending why) {
    if (memory(pod).end(why)) {
      parts.events().warning(pod, why.reason(), why.message());
      parts.look().accept(pod);
    }
  }

  /// Ends pods because their node goes down, which takes no more of them.
  ///
  /// @param critical which
  /// @param graceMax the time that each has at most
  public void shutDown(boolean critical, Duration graceMax) {
    isGoingDown = true;
    PodStatusOf.Ending why =
        new PodStatusOf.Ending(
            "Terminated",
            "Pod was terminated in response to imminent node shutdown.",
            PodStatusOf.Ending.Kind.BY_NODE,
            graceMax);
    for (Pod pod : parts.pods().list()) {
      if (EvictionPlan.isCritical(pod) == critical
          && !PodStatusOf.isOver(pod)
          && memory(pod).end(why)) {
        parts.look().accept(pod);
      }
    }
  }

  /// Whether those have ended, and the API shows it.
  public boolean areOver(boolean critical) {
    return parts.pods().list().stream()
        .filter(pod -> EvictionPlan.isCritical(pod) == critical)
        .allMatch(PodStatusOf::isOver);
  }

  private static Duration grace(@Nullable Long seconds) {
    return seconds == null ? GRACE : Duration.ofSeconds(seconds);
  }

  /// Removes what is left of pods that the API no longer has, as when the node was killed between
  /// hearing of an end and acting on it. Only what is unknown twice in a row is: lists lag behind.
  public void removeUnknown() {
    if (!parts.pods().hasSynced()) {
      return;
    }
    Set<String> unknown = new HashSet<>(parts.runtime().pods());
    unknown.addAll(parts.containers().uids());
    unknown.addAll(parts.devices().uids());
    parts.pods().list().forEach(pod -> unknown.remove(pod.getMetadata().getUid()));
    unknown.stream().filter(suspects::contains).forEach(this::removeUnknown);
    suspects.clear();
    suspects.addAll(unknown);
    parts.containers().tidy();
  }

  /// One that cannot be removed keeps no other from it.
  private void removeUnknown(String uid) {
    try {
      forget(uid, null);
    } catch (RuntimeException e) {
      LOG.warn("what is left of pod {} is not removed: {}", uid, e.toString());
    }
  }

  /// Once at a time: a worker may be at it when it is found to be unknown.
  ///
  /// @param pod to look at when there is news, null when it is no more
  /// @return whether nothing is left of it
  private boolean forget(String uid, @Nullable Pod pod) {
    if (!forgotten.add(uid)) {
      return false;
    }
    try {
      parts.probes().forget(uid);
      parts.stops().forget(uid);
      parts.images().forget(uid);
      parts.allocations().forget(uid);
      memories.remove(uid);
      admissions.forget(uid);
      parts.runtime().removePod(uid);
      parts.devices().forget(uid);
      return parts.containers().remove(uid, pod);
    } finally {
      forgotten.remove(uid);
    }
  }

  private void writeStatus(Pod pod, ObjectNode status) {
    PodMemory memory = memory(pod);
    if (memory.isWritten(pod, status)) {
      return;
    }
    parts.pods().observed(pod, status);
    @Nullable Pod shown = parts.pods().shown(pod);
    if (shown == null) {
      return;
    }
    JsonNode before =
        shown.getStatus() == null ? Api.object() : parts.api().toTree(shown.getStatus());
    if (!PodStatuses.holds(before, status)) {
      String uid = shown.getMetadata().getUid();
      parts.api().patchStrategic(path(pod) + "/status", PodStatuses.patch(before, status, uid));
      memory.written(pod, status);
    }
  }

  private static String path(Pod pod) {
    return Api.path(Pod.class, pod.getMetadata().getNamespace(), pod.getMetadata().getName());
  }

  private Result terminate(Pod pod) {
    if (stopping.stopAll(pod, grace(pod.getMetadata().getDeletionGracePeriodSeconds()))) {
      return Result.DONE;
    }
    return parts.devices().release(pod) ? finish(pod) : Result.after(RELEASE_AGAIN);
  }

  /// The last status, then nothing: all containers have ended.
  private Result finish(Pod pod) {
    String uid = pod.getMetadata().getUid();
    parts.probes().forget(uid);
    PodRun run = last(pod);
    if (run.hasContainers()) {
      try {
        writeStatus(pod, run.status());
      } catch (Api.RefusedException e) {
        if (e.code() != 404 && e.code() != 409) {
          throw e;
        }
      }
    }
    try {
      if (!forget(uid, pod)) {
        return Result.after(RELEASE_AGAIN);
      }
    } catch (StartException e) {
      parts.events().warning(pod, e.reason(), String.valueOf(e.getMessage()));
      return Result.after(RELEASE_AGAIN);
    }
    if (parts.pods().ended(pod)) {
      parts.allocations().retry();
      return Result.DONE;
    }
    ObjectNode options = Api.object().put("gracePeriodSeconds", 0);
    options.putObject("preconditions").put("uid", uid);
    try {
      parts.api().delete(path(pod), options);
    } catch (Api.RefusedException e) {
      if (e.code() != 409) {
        throw e;
      }
    }
    return Result.DONE;
  }
}
