// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Controller;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Informers;
import dev.havn.reconcile.SeriesEvents;
import dev.havn.scheduler.device.DevicePlan;
import dev.havn.scheduler.device.DynamicResources;
import dev.havn.scheduler.extender.Clearing;
import dev.havn.scheduler.extender.Extenders;
import dev.havn.scheduler.extender.Verdict;
import dev.havn.scheduler.plugin.Attempt;
import dev.havn.scheduler.plugin.AttemptException;
import dev.havn.scheduler.preemption.Candidate;
import dev.havn.scheduler.profile.Profile;
import dev.havn.scheduler.profile.SchedulerConfiguration;
import dev.havn.scheduler.queue.QueuedPod;
import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.PodFacts;
import dev.havn.scheduler.volume.BindingPlan;
import dev.havn.scheduler.volume.VolumeBinding;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Gives each pod without a node the one that suits it best, or makes room for it.
///
/// One pod is decided at a time, on what is known ([Knowledge]); all of that happens under one lock
/// and asks nobody. What follows from it, bindings, conditions, deletions, is written side by side
/// outside of the lock. Where extenders have a say the lock is left while they are asked, no other
/// pod is decided meanwhile, and what they said is then held against what is known by now.
public final class Scheduler implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Scheduler.class);
  private static final String UNSCHEDULABLE = "Unschedulable";
  private static final String ERROR = "SchedulerError";

  private final Map<String, SeriesEvents> events = new HashMap<>();
  private final Api api;
  private final Extenders extenders;
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
    this.api = api;
    this.extenders = new Extenders(configuration.extenders(), api::toTree, executor);
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
            known.waits().volumes(), grants, reports, extenders, this::eventsOf, new Outcomes());
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

  /// What it did and what waits, for metrics.
  public SchedulingFigures figures() {
    synchronized (this) {
      return known.figures();
    }
  }

  /// Whether it has read what there is.
  public boolean hasSynced() {
    synchronized (this) {
      return known.haveSynced();
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
      return Pump.Step.write(() -> ended.forEach(binder::end));
    }
    UnclearBindings.@Nullable Question question = known.waits().unclear().next(now);
    if (question != null) {
      return Pump.Step.write(() -> binder.settle(question));
    }
    @Nullable QueuedPod next = known.queue().take(now);
    if (next == null) {
      return Pump.Step.NOTHING;
    }
    @Nullable Profile profile = known.profileOf(next.facts().pod());
    if (profile == null) {
      known.queue().remove(next.facts().uid());
      return Pump.Step.write(() -> {});
    }
    known.counts().begin(next, profile.name(), now);
    PodFacts pod = next.facts();
    return guarded(pod, () -> decide(next, pod, profile, true));
  }

  /// A pod that cannot be looked at is told so and looked at again later.
  private Pump.Step guarded(PodFacts pod, Supplier<Pump.Step> decision) {
    try {
      return decision.get();
    } catch (AttemptException e) {
      return Pump.Step.write(() -> failed(pod, String.valueOf(e.getMessage())));
    } catch (RuntimeException e) {
      LOG.error("{} could not be looked at", Informer.keyOf(pod.pod()), e);
      return Pump.Step.write(() -> failed(pod, String.valueOf(e)));
    }
  }

  private Pump.Step decide(
      QueuedPod queued, PodFacts pod, Profile profile, boolean triesNominated) {
    if (!extenders.choose(pod.pod())) {
      return settle(queued, pod, profile, placement.of(pod, profile));
    }
    return switch (placement.begin(pod, profile, triesNominated)) {
      case Placement.Nowhere nowhere -> settle(queued, pod, profile, nowhere);
      case Placement.Shortlist list -> {
        List<Node> nodes = list.nodes();
        yield Pump.Step.ask(() -> advised(queued, pod, profile, list, nodes));
      }
    };
  }

  private Pump.Step settle(
      QueuedPod queued, PodFacts pod, Profile profile, Placement.Outcome outcome) {
    return switch (outcome) {
      case Placement.Placed placed -> Pump.Step.write(place(pod, placed.node(), profile));
      case Placement.Nowhere nowhere -> {
        Placement.@Nullable Choice choice = nowhere.choice();
        if (choice == null || !extenders.preempt(pod.pod())) {
          yield Pump.Step.write(refused(queued, pod, nowhere));
        }
        List<Clearing> clearings = choice.candidates().stream().map(Clearing::new).toList();
        yield Pump.Step.ask(() -> cleared(queued, pod, nowhere, clearings));
      }
    };
  }

  /// Asks extenders where a pod may go. Outside of the lock: all that is known may change
  /// meanwhile.
  private Runnable advised(
      QueuedPod queued, PodFacts pod, Profile profile, Placement.Shortlist list, List<Node> nodes) {
    @Nullable Verdict verdict = null;
    try {
      verdict = extenders.choose(pod.pod(), whole(pod), nodes);
    } catch (RuntimeException e) {
      if (!list.isNominated()) {
        return () -> failed(pod, String.valueOf(e.getMessage()));
      }
      LOG.info("{} is looked at everywhere: {}", Informer.keyOf(pod.pod()), e.toString());
    }
    Verdict said = verdict;
    Pump.Step step;
    synchronized (this) {
      if (!known.queue().isTaken(queued)) {
        return () -> {};
      }
      boolean isElsewhere =
          said == null || (list.isNominated() && said.refused().size() == nodes.size());
      step =
          guarded(
              pod,
              () ->
                  said == null || isElsewhere
                      ? decide(queued, pod, profile, false)
                      : settle(queued, pod, profile, placement.advised(pod, profile, list, said)));
    }
    return followed(step);
  }

  private static Runnable followed(Pump.Step step) {
    if (step.ask() != null) {
      return step.ask().get();
    }
    return step.write() == null ? () -> {} : step.write();
  }

  /// Asks extenders who has to go for a pod. Outside of the lock.
  private Runnable cleared(
      QueuedPod queued, PodFacts pod, Placement.Nowhere nowhere, List<Clearing> clearings) {
    Placement.Nowhere chosen;
    try {
      chosen = nowhere.choosing(extenders.preempt(pod.pod(), whole(pod), clearings));
    } catch (RuntimeException e) {
      chosen = nowhere.failing(String.valueOf(e.getMessage()));
    }
    synchronized (this) {
      return known.queue().isTaken(queued) ? refused(queued, pod, chosen) : () -> {};
    }
  }

  /// A pod with all its fields, which the caches do not keep.
  private JsonNode whole(PodFacts pod) {
    JsonNode whole = api.get(Reports.path(pod.pod()));
    if (whole.path("metadata") instanceof ObjectNode metadata) {
      metadata.remove("managedFields");
    }
    return whole;
  }

  private Runnable refused(QueuedPod queued, PodFacts pod, Placement.Nowhere nowhere) {
    Instant now = clock.instant();
    retries++;
    known.queue().refused(queued, nowhere.diagnosis().plugins(), now);
    known.counts().refused(pod.uid(), nowhere.isForPreemption(), now);
    return nowhere(pod, nowhere);
  }

  private Runnable place(PodFacts pod, NodeState node, Profile profile) {
    BindingPlan plan =
        profile.filter(VolumeBinding.NAME) instanceof VolumeBinding binding
            ? binding.plan(pod, node)
            : BindingPlan.NOTHING;
    DevicePlan devicePlan =
        profile.filter(DynamicResources.NAME) instanceof DynamicResources filter
            ? filter.plan(new Attempt(pod, known.cluster(), false), node)
            : DevicePlan.NOTHING;
    Instant now = clock.instant();
    known.queue().placed(pod.uid());
    known.counts().placed(pod.uid(), now);
    known.endNomination(pod.uid(), node.name());
    known.cluster().put(pod, node.name());
    known.devices().take(devicePlan.grants());
    Hold hold = Hold.of(pod, node.name(), devicePlan);
    known.waits().add(hold, plan, profile, now);
    return () -> binder.carryOut(hold, plan);
  }

  /// What becomes of pods that have a place.
  private final class Outcomes implements Binder.Told {
    @Override
    public void bound(PodFacts pod) {
      synchronized (Scheduler.this) {
        known.waits().unclear().remove(pod.uid());
        known.counts().scheduled(pod.uid(), clock.instant());
      }
    }

    @Override
    public void boundElsewhere(PodFacts pod) {
      synchronized (Scheduler.this) {
        known.waits().unclear().remove(pod.uid());
        known.counts().forget(pod.uid());
      }
    }

    /// Its devices may be ready already.
    @Override
    public void kept(PodFacts pod) {
      synchronized (Scheduler.this) {
        known.waits().devices().begin(pod.uid(), clock.instant());
        pump.wake();
      }
    }

    @Override
    public void failed(PodFacts pod, String problem) {
      Scheduler.this.failed(pod, problem);
    }

    /// Of one that is gone already only the claims matter.
    @Override
    public void unclear(Hold hold, String problem, boolean mayBeBound) {
      synchronized (Scheduler.this) {
        if (hold.hasClaims() || hold.node().equals(known.cluster().nodeOf(hold.pod().uid()))) {
          known.waits().unclear(hold, problem, mayBeBound, clock.instant());
          pump.wake();
        }
      }
    }

    @Override
    public boolean mayTakeBack(Hold hold) {
      synchronized (Scheduler.this) {
        return pump.leads() && known.waits().unclear().isOpen(hold);
      }
    }

    @Override
    public void asked(Hold hold) {
      synchronized (Scheduler.this) {
        known.waits().unclear().asked(hold, clock.instant());
      }
    }
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
    known.counts().failed(pod.uid(), clock.instant());
    @Nullable Pod now = known.current(pod);
    if (now != null && PodState.isBound(now)) {
      known.counts().forget(pod.uid());
      return null;
    }
    boolean unused = known.release(pod.uid());
    if (now == null || !PodState.uid(now).equals(pod.uid()) || !known.isPending(now)) {
      known.counts().forget(pod.uid());
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
    known.nominate(pod, node);
    losers.forEach(
        each -> {
          known.endNomination(each.uid(), null);
          known.queue().activate(each.uid(), clock.instant());
        });
    List<PodFacts> victims = new ArrayList<>(candidate.victims());
    victims.removeIf(each -> each.isLeaving() || known.evictions().has(each));
    known.evictions().add(victims);
    if (!victims.isEmpty()) {
      known.counts().preempted(candidate.victims().size());
    }
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
      // They count on the same pods to go.
      victims.stream()
          .map(each -> known.cluster().nodeOf(each.uid()))
          .filter(Objects::nonNull)
          .distinct()
          .forEach(known::activate);
    }
    failed(pod, "preemption: " + e.getMessage());
  }

  @Override
  public void close() {
    pump.close();
    extenders.close();
  }
}
