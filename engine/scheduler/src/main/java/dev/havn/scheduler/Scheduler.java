// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import dev.havn.reconcile.Api;
import dev.havn.reconcile.Controller;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Informers;
import dev.havn.reconcile.SeriesEvents;
import dev.havn.scheduler.device.DevicePlan;
import dev.havn.scheduler.device.DynamicResources;
import dev.havn.scheduler.plugin.Attempt;
import dev.havn.scheduler.plugin.AttemptException;
import dev.havn.scheduler.plugin.Change;
import dev.havn.scheduler.plugin.Filter;
import dev.havn.scheduler.preemption.Budgets;
import dev.havn.scheduler.preemption.Candidate;
import dev.havn.scheduler.preemption.Evictions;
import dev.havn.scheduler.profile.Profile;
import dev.havn.scheduler.profile.SchedulerConfiguration;
import dev.havn.scheduler.queue.QueuedPod;
import dev.havn.scheduler.queue.SchedulingQueue;
import dev.havn.scheduler.state.ClusterState;
import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.Nominations;
import dev.havn.scheduler.state.PodFacts;
import dev.havn.scheduler.volume.BindingPlan;
import dev.havn.scheduler.volume.VolumeBinding;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Gives each pod without a node the one that suits it best, or makes room for it.
///
/// One pod is decided at a time, on state that informers keep up to date; all of that happens under
/// one lock and asks nobody. What follows from it, bindings, conditions, deletions, is written side
/// by side outside of the lock.
public final class Scheduler implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Scheduler.class);
  private static final String UNSCHEDULABLE = "Unschedulable";
  private static final String ERROR = "SchedulerError";

  private final ClusterState cluster = new ClusterState();
  private final Nominations nominations = new Nominations();
  private final Evictions evictions = new Evictions();
  private final Map<String, Profile> profiles;
  private final Map<String, SeriesEvents> events = new HashMap<>();
  private final SchedulingQueue queue;
  private final StorageCache storage;
  private final PlaceWaits waits;
  private final DeviceCache devices;
  private final DeviceGrants grants;
  private final Placement placement;
  private final Binder binder;
  private final Reports reports;
  private final Informer<Pod> pods;
  private final Informer<Node> nodes;
  private final Informer<Namespace> namespaces;
  private final Informer<PodDisruptionBudget> budgets;
  private final LikePods likePods;
  private final InstantSource clock;
  private final Pump pump;
  private long adds;
  private long retries;

  /// With Kubernetes' own configuration.
  public Scheduler(
      Informers informers, Api api, InstantSource clock, ScheduledExecutorService executor) {
    this(informers, api, SchedulerConfiguration.STANDARD, clock, executor);
  }

  public Scheduler(
      Informers informers,
      Api api,
      SchedulerConfiguration configuration,
      InstantSource clock,
      ScheduledExecutorService executor) {
    this.clock = clock;
    this.pods = informers.podOutlines();
    this.nodes = informers.of(Node.class);
    this.namespaces = informers.of(Namespace.class);
    this.budgets = informers.of(PodDisruptionBudget.class);
    this.likePods = new LikePods(informers);
    this.storage = new StorageCache(informers, this::objectChanged);
    this.devices = new DeviceCache(informers, clock, this::objectChanged, this::classesChanged);
    ClaimBinding volumes = new ClaimBinding(api, storage);
    this.waits = new PlaceWaits(volumes, new DeviceBinding(devices));
    this.grants = new DeviceGrants(api, devices, clock);
    this.reports = new Reports(api, clock);
    this.profiles = configuration.build(storage, likePods, devices);
    profiles
        .keySet()
        .forEach(name -> events.put(name, new SeriesEvents(api, name, "havn", clock, executor)));
    this.queue =
        new SchedulingQueue(configuration.pauseMin(), configuration.pauseMax(), this::mayHelp);
    this.placement =
        new Placement(
            cluster,
            nominations,
            evictions,
            () -> new Budgets(budgets.list()),
            new SplittableRandom(clock.instant().toEpochMilli()));
    this.binder =
        new Binder(
            volumes, devices, grants, reports, this::eventsOf, this::keptDevices, this::failed);
    this.pump = new Pump(this, executor, clock, this::next, this::due);
    storage.listen();
    namespaces.onChange(this::namespaceChanged);
    nodes.onChange(this::nodeChanged);
    pods.onChange(this::podChanged);
  }

  /// Places pods only while it leads; what it knows is kept up to date always.
  public void lead(boolean leads) {
    pump.lead(leads);
  }

  public Controller.Counts counts() {
    synchronized (this) {
      return new Controller.Counts("scheduler", queue.ready(), adds, retries, null);
    }
  }

  private boolean mayHelp(String plugin, Change change, PodFacts pod) {
    @Nullable Profile profile = profileOf(pod.pod());
    @Nullable Filter filter = profile == null ? null : profile.filter(plugin);
    return filter != null && filter.mayHelp(change, pod);
  }

  private @Nullable Profile profileOf(Pod pod) {
    return profiles.get(pod.getSpec().getSchedulerName());
  }

  private synchronized void namespaceChanged(
      @Nullable Namespace before, @Nullable Namespace after) {
    if (after != null) {
      Map<String, String> labels = after.getMetadata().getLabels();
      cluster.putNamespace(after.getMetadata().getName(), labels == null ? Map.of() : labels);
    } else if (before != null) {
      cluster.removeNamespace(before.getMetadata().getName());
    }
  }

  private synchronized void nodeChanged(@Nullable Node before, @Nullable Node after) {
    if (after != null) {
      cluster.put(after);
      Set<Change.Aspect> aspects = Change.aspects(before, after);
      if (!aspects.isEmpty()) {
        changed(new Change.OfNode(cluster.node(after.getMetadata().getName()), aspects));
      }
    } else if (before != null) {
      cluster.removeNode(before.getMetadata().getName());
      changed(new Change.OfNode(null, Set.of(Change.Aspect.REMOVED)));
    }
  }

  private void changed(Change change) {
    queue.changed(change, clock.instant());
    pump.wake();
  }

  private synchronized void objectChanged(@Nullable HasMetadata before, HasMetadata after) {
    changed(new Change.OfObject(before, after));
  }

  /// Which resources nodes need not have depends on them.
  private synchronized void classesChanged() {
    placement.forget();
  }

  private synchronized void podChanged(@Nullable Pod before, @Nullable Pod after) {
    if (before != null && (after == null || !PodState.uid(before).equals(PodState.uid(after)))) {
      gone(before);
    }
    if (after == null) {
      return;
    }
    if (PodState.isFinished(after)) {
      gone(after);
    } else if (PodState.isBound(after)) {
      bound(before, PodFacts.of(after));
    } else if (isPending(after) && !cluster.isPlaced(PodState.uid(after))) {
      pending(before, PodFacts.of(after));
    } else if (after.getMetadata().getDeletionTimestamp() != null) {
      gone(after);
    }
  }

  private void gone(Pod pod) {
    String uid = PodState.uid(pod);
    queue.remove(uid);
    waits.remove(uid);
    endNomination(uid, null);
    evictions.remove(uid);
    @Nullable PodFacts known = cluster.placed(uid);
    if (cluster.remove(uid) && known != null) {
      changed(new Change.OfPod(known, null));
    }
  }

  private void bound(@Nullable Pod before, PodFacts pod) {
    queue.remove(pod.uid());
    waits.remove(pod.uid());
    endNomination(pod.uid(), pod.node());
    @Nullable PodFacts known = cluster.placed(pod.uid());
    @Nullable String chosen = cluster.nodeOf(pod.uid());
    boolean isOther = cluster.put(pod, String.valueOf(pod.node()));
    boolean wasBound = before != null && PodState.isBound(before);
    if (known != null && !String.valueOf(pod.node()).equals(chosen)) {
      // Another scheduler was faster: what was kept for the pod is free.
      changed(new Change.OfPod(known, null));
    }
    if (!wasBound) {
      changed(new Change.OfPod(null, pod));
    } else if (isOther) {
      changed(new Change.OfPod(known, pod));
    }
  }

  private void pending(@Nullable Pod before, PodFacts pod) {
    adds += before == null ? 1 : 0;
    @Nullable String nominated = pod.nominated();
    if (nominated != null) {
      nominations.put(pod, nominated);
    } else if (before != null
        && before.getStatus() != null
        && before.getStatus().getNominatedNodeName() != null) {
      endNomination(pod.uid(), null);
    }
    if (DynamicResources.mayConcern(pod)) {
      devices.need(pump::wake);
    }
    if (!pod.claims().isEmpty()) {
      storage.need(pump::wake);
    }
    queue.put(pod, clock.instant());
    pump.wake();
  }

  /// A node is cleared no more for a pod: others may have the place.
  ///
  /// @param taken the node that the pod has got instead, or null
  private void endNomination(String uid, @Nullable String taken) {
    @Nullable String node = nominations.nodeOf(uid);
    @Nullable PodFacts pod = nominations.remove(uid);
    if (pod != null && !String.valueOf(node).equals(taken)) {
      changed(new Change.OfPod(pod, null));
    }
  }

  private boolean isPending(Pod pod) {
    return !PodState.isBound(pod)
        && pod.getMetadata().getDeletionTimestamp() == null
        && profileOf(pod) != null
        && !PodState.isFinished(pod);
  }

  private boolean haveSynced() {
    return pods.hasSynced()
        && nodes.hasSynced()
        && namespaces.hasSynced()
        && budgets.hasSynced()
        && likePods.hasSynced()
        && storage.hasSynced()
        && devices.hasSynced();
  }

  /// When to look again although nothing happens.
  private @Nullable Instant due() {
    @Nullable Instant ofQueue = queue.due();
    @Nullable Instant ofPlaces = waits.due();
    if (ofQueue == null || ofPlaces == null) {
      return ofQueue == null ? ofPlaces : ofQueue;
    }
    return ofQueue.isBefore(ofPlaces) ? ofQueue : ofPlaces;
  }

  /// Decides about one pod, or finds one whose volumes and devices are there; what is to be written
  /// then.
  private Pump.Step next() {
    if (!haveSynced()) {
      return Pump.Step.LATER;
    }
    Instant now = clock.instant();
    queue.flush(now);
    List<ClaimBinding.Ended> ended = waits.ended(now);
    if (!ended.isEmpty()) {
      return new Pump.Step(() -> ended.forEach(binder::end), false);
    }
    @Nullable QueuedPod next = queue.take(now);
    if (next == null) {
      return Pump.Step.NOTHING;
    }
    @Nullable Profile profile = profileOf(next.facts().pod());
    if (profile == null) {
      queue.remove(next.facts().uid());
      return new Pump.Step(() -> {}, false);
    }
    try {
      return new Pump.Step(decide(next, profile, now), false);
    } catch (AttemptException e) {
      PodFacts pod = next.facts();
      return new Pump.Step(() -> failed(pod, String.valueOf(e.getMessage())), false);
    } catch (RuntimeException e) {
      LOG.error("{} could not be looked at", Informer.keyOf(next.facts().pod()), e);
      PodFacts pod = next.facts();
      return new Pump.Step(() -> failed(pod, String.valueOf(e)), false);
    }
  }

  private Runnable decide(QueuedPod queued, Profile profile, Instant now) {
    PodFacts pod = queued.facts();
    return switch (placement.of(pod, profile)) {
      case Placement.Placed placed -> place(pod, placed.node(), profile, now);
      case Placement.Nowhere nowhere -> {
        retries++;
        queue.refused(queued, nowhere.diagnosis().plugins(), now);
        yield nowhere(pod, nowhere);
      }
    };
  }

  private Runnable place(PodFacts pod, NodeState node, Profile profile, Instant now) {
    BindingPlan plan =
        profile.filter(VolumeBinding.NAME) instanceof VolumeBinding binding
            ? binding.plan(pod, node)
            : BindingPlan.NOTHING;
    DevicePlan devicePlan =
        profile.filter(DynamicResources.NAME) instanceof DynamicResources filter
            ? filter.plan(new Attempt(pod, cluster, false), node)
            : DevicePlan.NOTHING;
    queue.remove(pod.uid());
    endNomination(pod.uid(), node.name());
    cluster.put(pod, node.name());
    devices.take(devicePlan.grants());
    waits.add(pod, node.name(), plan, devicePlan, profile, now);
    return () -> binder.carryOut(pod, node.name(), plan, devicePlan);
  }

  /// The claims of a pod are kept for it, and its devices may be ready already.
  private synchronized void keptDevices(PodFacts pod, List<ResourceClaim> kept) {
    waits.devices().begin(pod.uid(), kept, clock.instant());
    pump.wake();
  }

  private SeriesEvents eventsOf(PodFacts pod) {
    return events.getOrDefault(
        pod.pod().getSpec().getSchedulerName(), events.values().iterator().next());
  }

  /// A pod could not be given the node that was found: it waits and is looked at again, if it is
  /// still there.
  private void failed(PodFacts pod, String message) {
    @Nullable Pod waiting = released(pod);
    if (waiting != null) {
      reports.unscheduled(waiting, ERROR, message, null, eventsOf(pod));
    }
  }

  /// Takes a pod from its place; the pod as it is now if it waits again, or null.
  private synchronized @Nullable Pod released(PodFacts pod) {
    waits.remove(pod.uid());
    @Nullable Pod now = pods.get(pod.namespace(), pod.name());
    if (now != null && PodState.isBound(now)) {
      return null;
    }
    if (cluster.remove(pod.uid())) {
      changed(new Change.OfPod(pod, null));
    }
    if (now == null || !PodState.uid(now).equals(pod.uid()) || !isPending(now)) {
      return null;
    }
    queue.failed(PodFacts.of(now), clock.instant());
    pump.wake();
    return now;
  }

  private Runnable nowhere(PodFacts pod, Placement.Nowhere nowhere) {
    if (nowhere.quiet()) {
      return () -> {};
    }
    String message = nowhere.diagnosis().message();
    @Nullable ResourceClaim movable = nowhere.movable();
    @Nullable Candidate candidate = nowhere.candidate();
    if (candidate == null) {
      if (nowhere.endsNomination()) {
        endNomination(pod.uid(), null);
      }
      @Nullable String nominated = nowhere.endsNomination() ? "" : null;
      return () -> {
        if (movable != null) {
          grants.deallocate(movable);
        }
        reports.unscheduled(pod.pod(), UNSCHEDULABLE, message, nominated, eventsOf(pod));
      };
    }
    String node = candidate.node().name();
    List<PodFacts> losers = nominations.after(pod, node);
    losers.forEach(
        each -> {
          nominations.remove(each.uid());
          queue.activate(each.uid(), clock.instant());
        });
    nominations.put(pod, node);
    List<PodFacts> victims = new ArrayList<>(candidate.victims());
    victims.removeIf(each -> each.isLeaving() || evictions.has(each));
    evictions.add(victims);
    return () -> {
      try {
        reports.unscheduled(pod.pod(), UNSCHEDULABLE, message, node, eventsOf(pod));
        losers.forEach(each -> reports.nominate(each.pod(), ""));
        victims.forEach(each -> reports.preempt(each.pod(), pod.pod(), node, eventsOf(pod)));
      } catch (RuntimeException e) {
        notCleared(pod, victims, e);
      }
    };
  }

  private void notCleared(PodFacts pod, List<PodFacts> victims, RuntimeException e) {
    synchronized (this) {
      victims.forEach(each -> evictions.remove(each.uid()));
      endNomination(pod.uid(), null);
    }
    failed(pod, "preemption: " + e.getMessage());
  }

  @Override
  public void close() {
    pump.close();
  }
}
