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
import dev.havn.scheduler.preemption.Candidate;
import dev.havn.scheduler.profile.Profile;
import dev.havn.scheduler.profile.SchedulerConfiguration;
import dev.havn.scheduler.queue.QueuedPod;
import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.PodFacts;
import dev.havn.scheduler.volume.BindingPlan;
import dev.havn.scheduler.volume.VolumeBinding;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Gives each pod without a node the one that suits it best, or makes room for it.
///
/// One pod is decided at a time, on what is known ([Knowledge]); all of that happens under one lock
/// and asks nobody. What follows from it, bindings, conditions, deletions, is written side by side
/// outside of the lock.
public final class Scheduler implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Scheduler.class);
  private static final String UNSCHEDULABLE = "Unschedulable";
  private static final String ERROR = "SchedulerError";

  private final Map<String, SeriesEvents> events = new HashMap<>();
  private final Knowledge known;
  private final DeviceGrants grants;
  private final Placement placement;
  private final Binder binder;
  private final Reports reports;
  private final InstantSource clock;
  private final Pump pump;
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
    this.known =
        new Knowledge(
            informers,
            api,
            configuration,
            clock,
            this,
            new Knowledge.Callbacks(this::wake, this::classesChanged));
    this.grants = new DeviceGrants(api, known.devices(), clock);
    this.reports = new Reports(api, clock);
    known
        .schedulers()
        .forEach(name -> events.put(name, new SeriesEvents(api, name, "havn", clock, executor)));
    this.placement =
        new Placement(
            known.cluster(),
            known.nominations(),
            known.evictions(),
            known::budgets,
            new SplittableRandom(clock.instant().toEpochMilli()));
    this.binder =
        new Binder(
            known.waits().volumes(),
            known.devices(),
            grants,
            reports,
            this::eventsOf,
            this::keptDevices,
            this::failed);
    this.pump = new Pump(this, executor, clock, this::next, known::due);
    known.listen();
  }

  private void wake() {
    pump.wake();
  }

  /// Which resources nodes need not have depends on them.
  private void classesChanged() {
    placement.forget();
  }

  /// Places pods only while it leads; what it knows is kept up to date always.
  public void lead(boolean leads) {
    pump.lead(leads);
  }

  public Controller.Counts counts() {
    synchronized (this) {
      return new Controller.Counts("scheduler", known.queue().ready(), known.adds(), retries, null);
    }
  }

  /// Decides about one pod, or finds one whose volumes and devices are there; what is to be written
  /// then.
  private Pump.Step next() {
    if (!known.haveSynced()) {
      return Pump.Step.LATER;
    }
    Instant now = clock.instant();
    known.queue().flush(now);
    List<ClaimBinding.Ended> ended = known.waits().ended(now);
    if (!ended.isEmpty()) {
      return new Pump.Step(() -> ended.forEach(binder::end), false);
    }
    @Nullable QueuedPod next = known.queue().take(now);
    if (next == null) {
      return Pump.Step.NOTHING;
    }
    @Nullable Profile profile = known.profileOf(next.facts().pod());
    if (profile == null) {
      known.queue().remove(next.facts().uid());
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
        known.queue().refused(queued, nowhere.diagnosis().plugins(), now);
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
            ? filter.plan(new Attempt(pod, known.cluster(), false), node)
            : DevicePlan.NOTHING;
    known.queue().remove(pod.uid());
    known.endNomination(pod.uid(), node.name());
    known.cluster().put(pod, node.name());
    known.devices().take(devicePlan.grants());
    known.waits().add(pod, node.name(), plan, devicePlan, profile, now);
    return () -> binder.carryOut(pod, node.name(), plan, devicePlan);
  }

  /// The claims of a pod are kept for it, and its devices may be ready already.
  private synchronized void keptDevices(PodFacts pod, List<ResourceClaim> kept) {
    known.waits().devices().begin(pod.uid(), kept, clock.instant());
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
    known.waits().remove(pod.uid());
    @Nullable Pod now = known.current(pod);
    if (now != null && PodState.isBound(now)) {
      return null;
    }
    if (known.cluster().remove(pod.uid())) {
      known.changed(new Change.OfPod(pod, null));
    }
    if (now == null || !PodState.uid(now).equals(pod.uid()) || !known.isPending(now)) {
      return null;
    }
    known.queue().failed(PodFacts.of(now), clock.instant());
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
        known.endNomination(pod.uid(), null);
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
    List<PodFacts> losers = known.nominations().after(pod, node);
    losers.forEach(
        each -> {
          known.nominations().remove(each.uid());
          known.queue().activate(each.uid(), clock.instant());
        });
    known.nominations().put(pod, node);
    List<PodFacts> victims = new ArrayList<>(candidate.victims());
    victims.removeIf(each -> each.isLeaving() || known.evictions().has(each));
    known.evictions().add(victims);
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
      victims.forEach(each -> known.evictions().remove(each.uid()));
      known.endNomination(pod.uid(), null);
    }
    failed(pod, "preemption: " + e.getMessage());
  }

  @Override
  public void close() {
    pump.close();
  }
}
