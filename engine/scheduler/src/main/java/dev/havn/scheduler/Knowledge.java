// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Informers;
import dev.havn.scheduler.device.DynamicResources;
import dev.havn.scheduler.extender.Verdict;
import dev.havn.scheduler.plugin.Change;
import dev.havn.scheduler.plugin.Filter;
import dev.havn.scheduler.plugin.NodeResourcesFit;
import dev.havn.scheduler.preemption.Budgets;
import dev.havn.scheduler.preemption.Evictions;
import dev.havn.scheduler.preemption.Preemption;
import dev.havn.scheduler.profile.Profile;
import dev.havn.scheduler.profile.SchedulerConfiguration;
import dev.havn.scheduler.queue.SchedulingQueue;
import dev.havn.scheduler.state.ClusterState;
import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.Nominations;
import dev.havn.scheduler.state.PodFacts;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What the scheduler knows: the cluster, the pods that wait for a place, and whom nodes are being
/// cleared for. Informers keep it up to date; what happens may help pods that wait.
///
/// The scheduler's lock guards all of it: informers take it themselves, all else is called under
/// it.
final class Knowledge {
  private final ClusterState cluster = new ClusterState();
  private final Nominations nominations = new Nominations();
  private final Evictions evictions = new Evictions();
  private final Map<String, Profile> profiles;
  private final SchedulingQueue queue;
  private final StorageCache storage;
  private final DeviceCache devices;
  private final PlaceWaits waits;
  private final SchedulingCounts counts = new SchedulingCounts();
  private final Informer<Pod> pods;
  private final Informer<Node> nodes;
  private final Informer<Namespace> namespaces;
  private final Informer<PodDisruptionBudget> budgets;
  private final LikePods likePods;
  private final InstantSource clock;
  private final Object lock;
  private final Runnable wake;
  private long adds;

  /// What to do when something happens.
  ///
  /// @param wake looks whether there is something to decide
  /// @param classesChanged runs under the lock when classes of devices came, changed or went
  record Callbacks(Runnable wake, Runnable classesChanged) {}

  Knowledge(
      Informers informers,
      Api api,
      SchedulerConfiguration configuration,
      InstantSource clock,
      Object lock,
      Callbacks callbacks) {
    this.clock = clock;
    this.lock = lock;
    this.wake = callbacks.wake();
    this.pods = informers.podOutlines();
    this.nodes = informers.of(Node.class);
    this.namespaces = informers.of(Namespace.class);
    this.budgets = informers.of(PodDisruptionBudget.class);
    this.likePods = new LikePods(informers);
    this.storage = new StorageCache(informers, this::objectChanged, this::objectGone);
    this.devices =
        new DeviceCache(
            informers,
            clock,
            this::objectChanged,
            () -> {
              synchronized (lock) {
                callbacks.classesChanged().run();
              }
            });
    this.waits =
        new PlaceWaits(
            new ClaimBinding(api, storage), new DeviceBinding(devices), new UnclearBindings());
    this.profiles = configuration.build(storage, likePods, devices);
    this.queue =
        new SchedulingQueue(configuration.pauseMin(), configuration.pauseMax(), new PluginHints());
  }

  /// Begins to hear of what happens.
  void listen() {
    storage.listen();
    namespaces.onChange(this::namespaceChanged);
    nodes.onChange(this::nodeChanged);
    pods.onChange(this::podChanged);
  }

  ClusterState cluster() {
    return cluster;
  }

  Nominations nominations() {
    return nominations;
  }

  Evictions evictions() {
    return evictions;
  }

  Budgets budgets() {
    return new Budgets(budgets.list());
  }

  SchedulingQueue queue() {
    return queue;
  }

  DeviceCache devices() {
    return devices;
  }

  PlaceWaits waits() {
    return waits;
  }

  SchedulingCounts counts() {
    return counts;
  }

  SchedulingFigures figures() {
    return counts.figures(cluster.nodes().size(), cluster.podCount(), queue.figures());
  }

  /// The names of the schedulers that pods may choose.
  Set<String> schedulers() {
    return profiles.keySet();
  }

  /// How many pods have come to it.
  long adds() {
    return adds;
  }

  /// A pod as it is now, or null when it is gone.
  @Nullable Pod current(PodFacts pod) {
    return pods.get(pod.namespace(), pod.name());
  }

  /// What the plugins say of the pods that they refused.
  private final class PluginHints implements SchedulingQueue.Hints {
    @Override
    public boolean concerns(String plugin, Change change) {
      if (plugin.equals(Verdict.PLUGIN)) {
        return true;
      }
      for (Profile each : profiles.values()) {
        @Nullable Filter filter = each.filter(plugin);
        if (filter != null && filter.concerns(change)) {
          return true;
        }
      }
      return false;
    }

    @Override
    public boolean mayHelp(String plugin, Change change, PodFacts pod) {
      return Knowledge.this.mayHelp(plugin, change, pod);
    }
  }

  private boolean mayHelp(String plugin, Change change, PodFacts pod) {
    if (plugin.equals(Verdict.PLUGIN)) {
      // What is said of the pod itself changes with every attempt.
      return !(change instanceof Change.OfItself self) || isOther(self.before(), self.after());
    }
    @Nullable Profile profile = profileOf(pod.pod());
    @Nullable Filter filter = profile == null ? null : profile.filter(plugin);
    return filter != null
        && filter.mayHelp(change, pod)
        && !(filter instanceof NodeResourcesFit fit
            && change instanceof Change.OfPod other
            && isTooLittle(other, pod, fit));
  }

  /// Whether what a pod has left is of no use to one that waits: others are leaving a node for that
  /// one, so that it would have no more of them removed, and it does not fit beside those for which
  /// the place was made. Without this each of a thousand that are removed would let a thousand that
  /// wait be looked at again.
  private boolean isTooLittle(Change.OfPod other, PodFacts waiting, NodeResourcesFit fit) {
    @Nullable String cleared = nominations.nodeOf(waiting.uid());
    @Nullable NodeState ofIt = cleared == null ? null : cluster.node(cleared);
    @Nullable NodeState free = other.node() == null ? null : cluster.node(other.node());
    return ofIt != null
        && free != null
        && Preemption.ineligible(waiting, ofIt, false, evictions) != null
        && !fit.hasRoom(waiting, free, nominations.before(waiting, free));
  }

  private static boolean isOther(PodFacts before, PodFacts after) {
    return !Objects.equals(before.pod().getSpec(), after.pod().getSpec())
        || !Objects.equals(
            before.pod().getMetadata().getLabels(), after.pod().getMetadata().getLabels());
  }

  @Nullable Profile profileOf(Pod pod) {
    return profiles.get(pod.getSpec().getSchedulerName());
  }

  private void namespaceChanged(@Nullable Namespace before, @Nullable Namespace after) {
    synchronized (lock) {
      if (after != null) {
        Map<String, String> labels = after.getMetadata().getLabels();
        cluster.putNamespace(after.getMetadata().getName(), labels == null ? Map.of() : labels);
      } else if (before != null) {
        cluster.removeNamespace(before.getMetadata().getName());
      }
    }
  }

  private void nodeChanged(@Nullable Node before, @Nullable Node after) {
    synchronized (lock) {
      if (after != null) {
        cluster.put(after);
        Set<Change.Aspect> aspects = Change.aspects(before, after);
        if (!aspects.isEmpty()) {
          // Whether clearing the node still helps is for them to see.
          activate(after.getMetadata().getName());
          changed(new Change.OfNode(cluster.node(after.getMetadata().getName()), aspects));
        }
      } else if (before != null) {
        cluster.removeNode(before.getMetadata().getName());
        changed(new Change.OfNode(null, Set.of(Change.Aspect.REMOVED)));
      }
    }
  }

  void changed(Change change) {
    queue.changed(change, clock.instant());
    wake.run();
  }

  private void objectChanged(@Nullable HasMetadata before, HasMetadata after) {
    synchronized (lock) {
      changed(new Change.OfObject(before, after));
    }
  }

  private void objectGone(HasMetadata object) {
    synchronized (lock) {
      changed(new Change.OfGone(object));
    }
  }

  private void podChanged(@Nullable Pod before, @Nullable Pod after) {
    synchronized (lock) {
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
  }

  private void gone(Pod pod) {
    String uid = PodState.uid(pod);
    queue.remove(uid);
    waits.gone(uid);
    counts.forget(uid);
    endNomination(uid, null);
    evictions.remove(uid);
    boolean unused = release(uid);
  }

  /// A place is free again.
  ///
  /// @return whether there was one
  boolean release(String uid) {
    @Nullable PodFacts known = cluster.placed(uid);
    @Nullable String node = cluster.nodeOf(uid);
    boolean wasPlaced = cluster.remove(uid);
    if (wasPlaced && known != null) {
      changed(new Change.OfPod(known, null, node));
    }
    return wasPlaced;
  }

  private void bound(@Nullable Pod before, PodFacts pod) {
    if (queue.has(pod.uid()) || waits.has(pod.uid())) {
      // By somebody else. What is bound here is neither, and counted when the API has answered.
      counts.forget(pod.uid());
    }
    queue.remove(pod.uid());
    waits.bound(pod.uid(), String.valueOf(pod.node()), clock.instant());
    endNomination(pod.uid(), pod.node());
    @Nullable PodFacts known = cluster.placed(pod.uid());
    @Nullable String chosen = cluster.nodeOf(pod.uid());
    boolean isOther = cluster.put(pod, String.valueOf(pod.node()));
    boolean wasBound = before != null && PodState.isBound(before);
    if (known != null && !String.valueOf(pod.node()).equals(chosen)) {
      // Another scheduler was faster: what was kept for the pod is free.
      changed(new Change.OfPod(known, null, chosen));
    }
    if (!wasBound) {
      changed(new Change.OfPod(null, pod, pod.node()));
    } else if (isOther) {
      changed(new Change.OfPod(known, pod, pod.node()));
    }
  }

  private void pending(@Nullable Pod before, PodFacts pod) {
    adds += before == null ? 1 : 0;
    @Nullable String nominated = pod.nominated();
    if (nominated != null) {
      nominate(pod, nominated);
    } else if (before != null
        && before.getStatus() != null
        && before.getStatus().getNominatedNodeName() != null) {
      endNomination(pod.uid(), null);
    }
    if (DynamicResources.mayConcern(pod)) {
      devices.need(wake);
    }
    if (!pod.claims().isEmpty()) {
      storage.need(wake);
    }
    queue.put(pod, clock.instant());
    wake.run();
  }

  /// A node is cleared for a pod, and no longer the one that was.
  void nominate(PodFacts pod, String node) {
    endNomination(pod.uid(), node);
    nominations.put(pod, node);
  }

  /// Those for which a node is being cleared are looked at again.
  void activate(String node) {
    nominations.on(node).forEach(each -> queue.activate(each.uid(), clock.instant()));
  }

  /// A node is cleared no more for a pod: others may have the place.
  ///
  /// @param taken the node that the pod has got instead, or null
  void endNomination(String uid, @Nullable String taken) {
    @Nullable String node = nominations.nodeOf(uid);
    @Nullable PodFacts pod = nominations.remove(uid);
    if (pod != null && !String.valueOf(node).equals(taken)) {
      changed(new Change.OfPod(pod, null, node));
    }
  }

  boolean isPending(Pod pod) {
    return !PodState.isBound(pod)
        && pod.getMetadata().getDeletionTimestamp() == null
        && profileOf(pod) != null
        && !PodState.isFinished(pod);
  }

  boolean haveSynced() {
    return pods.hasSynced()
        && nodes.hasSynced()
        && namespaces.hasSynced()
        && budgets.hasSynced()
        && likePods.hasSynced()
        && storage.hasSynced()
        && devices.hasSynced();
  }

  /// When to look again although nothing happens.
  @Nullable Instant due() {
    @Nullable Instant ofQueue = queue.due();
    @Nullable Instant ofPlaces = waits.due();
    if (ofQueue == null || ofPlaces == null) {
      return ofQueue == null ? ofPlaces : ofQueue;
    }
    return ofQueue.isBefore(ofPlaces) ? ofQueue : ofPlaces;
  }
}
