// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.queue;

import dev.havn.reconcile.Doubling;
import dev.havn.scheduler.plugin.Change;
import dev.havn.scheduler.queue.QueuedPod.Place;
import dev.havn.scheduler.state.PodFacts;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// Pods that wait for a node. The most important is next; one that fitted nowhere waits until
/// something happens that may help, as the plugins see it that refused it, five minutes at most. It
/// then keeps a pause that doubles, but only while others wait: when nobody is next it is looked at
/// before its pause is over. What happens while a pod is looked at is held against who refuses it
/// in the end: a pod may be looked at for long, when others are asked about it.
///
/// Not safe for several threads: the scheduler's lock guards it.
public final class SchedulingQueue {
  private static final Duration UNSCHEDULABLE_MAX = Duration.ofMinutes(5);

  private final Doubling pauses;
  private final Hints hints;
  private final Map<String, QueuedPod> pods = new HashMap<>();
  private final TreeSet<QueuedPod> active = new TreeSet<>(QueuedPod.IMPORTANCE);
  private final TreeSet<QueuedPod> backoff = new TreeSet<>(QueuedPod.PAUSE);
  private final TreeSet<QueuedPod> errors = new TreeSet<>(QueuedPod.PAUSE);
  private final Map<QueuedPod, Meanwhile> taken = new HashMap<>();

  /// Those that have a node and are being bound to it. They wait no more, but one that cannot be
  /// bound has failed as often as before, and once more.
  private final Map<String, QueuedPod> placed = new HashMap<>();

  /// In the order in which they were refused.
  private final NavigableSet<QueuedPod> unschedulable = new TreeSet<>(QueuedPod.AGE);

  private final Map<String, Set<QueuedPod>> byPlugin = new LinkedHashMap<>();
  private final Arrivals arrivals = new Arrivals();
  private long count;

  /// Knows what may help whom.
  public interface Hints {
    /// Whether a change is of a kind that may help any pod that a plugin refused.
    boolean concerns(String plugin, Change change);

    /// Whether a change may let a pod stand somewhere that a plugin refused.
    boolean mayHelp(String plugin, Change change, PodFacts pod);
  }

  /// @param pauseMin after the first refusal
  public SchedulingQueue(Duration pauseMin, Duration pauseMax, Hints hints) {
    this.pauses = new Doubling(pauseMin, pauseMax);
    this.hints = hints;
  }

  /// Takes in a pod, or what became of one.
  public void put(PodFacts pod, Instant now) {
    @Nullable QueuedPod known = pods.get(pod.uid());
    if (known == null) {
      QueuedPod added = new QueuedPod(count++, pod, now);
      pods.put(pod.uid(), added);
      enter(added, isGated(pod) ? Place.GATED : Place.ACTIVE, Arrivals.ADDED);
      return;
    }
    PodFacts before = known.facts;
    @Nullable Meanwhile meanwhile = taken.get(known);
    if (meanwhile != null) {
      known.facts = pod;
      meanwhile.add(new Change.OfItself(before, pod));
      return;
    }
    Place place = known.place;
    leave(known);
    known.facts = pod;
    boolean opened = place == Place.GATED && !isGated(pod);
    Change change = new Change.OfItself(before, pod);
    if (opened) {
      known.since = now;
      enter(known, Place.ACTIVE, Arrivals.OPENED);
    } else if (place == Place.UNSCHEDULABLE && mayHelp(known, change)) {
      known.since = now;
      enter(known, next(known, now), EventLabels.of(change));
    } else {
      enter(known, place);
    }
  }

  private static boolean isGated(PodFacts pod) {
    return pod.pod().getSpec().getSchedulingGates() != null
        && !pod.pod().getSpec().getSchedulingGates().isEmpty();
  }

  /// A pod is bound, or gone.
  public void remove(String uid) {
    placed.remove(uid);
    @Nullable QueuedPod gone = pods.remove(uid);
    if (gone != null) {
      leave(gone);
    }
  }

  /// A pod has a node. What is known of it is kept until it is given back by [#failed] or
  /// [#remove].
  public void placed(String uid) {
    @Nullable QueuedPod pod = pods.remove(uid);
    if (pod != null) {
      leave(pod);
      placed.put(uid, pod);
    }
  }

  /// The next pod to look at, or null when there is none. It must be given back by [#remove],
  /// [#refused], [#placed] or [#failed].
  public @Nullable QueuedPod take(Instant now) {
    while (!errors.isEmpty() && isOver(errors.first().notBefore, pauses.most(), now)) {
      QueuedPod due = errors.first();
      leave(due);
      enter(due, Place.ACTIVE, Arrivals.PAUSED_ENOUGH);
    }
    @Nullable QueuedPod next =
        !active.isEmpty() ? active.first() : backoff.isEmpty() ? null : backoff.first();
    if (next != null) {
      if (next.place == Place.BACKOFF) {
        boolean isDue = isOver(next.notBefore, pauses.most(), now);
        arrivals.count(Place.ACTIVE, isDue ? Arrivals.PAUSED_ENOUGH : Arrivals.FREE_HANDS);
      }
      leave(next);
      enter(next, Place.TAKEN);
    }
    return next;
  }

  /// Whether a pod that was taken is still to be decided: it was not removed since.
  public boolean isTaken(QueuedPod pod) {
    return pods.get(pod.facts.uid()) == pod && pod.place == Place.TAKEN;
  }

  /// A pod fits nowhere. It is next, or keeps a pause, when something happened since it was taken
  /// that may help it.
  ///
  /// @param by the plugins that say so
  public void refused(QueuedPod pod, Set<String> by, Instant now) {
    if (pods.get(pod.facts.uid()) != pod) {
      return;
    }
    @Nullable Meanwhile meanwhile = taken.get(pod);
    leave(pod);
    pod.refusals++;
    pod.errors = 0;
    pod.refusedBy = Set.copyOf(by);
    pod.since = now;
    pod.notBefore = now.plus(pauses.after(pod.refusals));
    boolean helped = meanwhile != null && meanwhile.hasHelped(change -> mayHelp(pod, change));
    Place place = isGated(pod.facts) ? Place.GATED : helped ? next(pod, now) : Place.UNSCHEDULABLE;
    enter(pod, place, Arrivals.FAILED);
  }

  /// A pod could not be given the node that was found.
  public void failed(PodFacts pod, Instant now) {
    QueuedPod queued = pods.computeIfAbsent(pod.uid(), _ -> again(pod, now));
    leave(queued);
    queued.refusedBy = Set.of();
    queued.errors++;
    queued.since = now;
    queued.notBefore = now.plus(pauses.after(queued.errors));
    enter(queued, Place.ERROR, Arrivals.FAILED);
  }

  private QueuedPod again(PodFacts pod, Instant now) {
    @Nullable QueuedPod known = placed.remove(pod.uid());
    if (known == null) {
      return new QueuedPod(count++, pod, now);
    }
    known.facts = pod;
    return known;
  }

  /// Looks at a pod again soon, whatever it waits for.
  public void activate(String uid, Instant now) {
    @Nullable QueuedPod pod = pods.get(uid);
    @Nullable Meanwhile meanwhile = pod == null ? null : taken.get(pod);
    if (meanwhile != null) {
      meanwhile.activate();
    } else if (pod != null && (pod.place == Place.UNSCHEDULABLE || pod.place == Place.BACKOFF)) {
      leave(pod);
      pod.since = now;
      enter(pod, Place.ACTIVE, Arrivals.ASKED_FOR);
    }
  }

  private Place next(QueuedPod pod, Instant now) {
    return isOver(pod.notBefore, pauses.most(), now) ? Place.ACTIVE : Place.BACKOFF;
  }

  /// Whether a wait is over. One that would last longer than any began before the clock was set
  /// back, and nobody waits for as long as that.
  private static boolean isOver(Instant end, Duration longest, Instant now) {
    return !end.isAfter(now) || end.isAfter(now.plus(longest));
  }

  /// Something happened: pods that it may help are next, or keep their pause. Only those are asked
  /// about that were refused by plugins which such a change concerns.
  public void changed(Change change, Instant now) {
    taken.values().forEach(meanwhile -> meanwhile.add(change));
    if (unschedulable.isEmpty()) {
      return;
    }
    Set<QueuedPod> helped = new LinkedHashSet<>();
    byPlugin.forEach(
        (name, waiting) -> {
          if (!hints.concerns(name, change)) {
            return;
          }
          for (QueuedPod pod : waiting) {
            if (!helped.contains(pod) && hints.mayHelp(name, change, pod.facts)) {
              helped.add(pod);
            }
          }
        });
    if (!helped.isEmpty()) {
      String event = EventLabels.of(change);
      helped.forEach(pod -> move(pod, event, now));
    }
  }

  private boolean mayHelp(QueuedPod pod, Change change) {
    return pod.refusedBy.stream().anyMatch(name -> hints.mayHelp(name, change, pod.facts));
  }

  private void move(QueuedPod pod, String event, Instant now) {
    leave(pod);
    pod.since = now;
    enter(pod, next(pod, now), event);
  }

  /// Gives those another chance that have waited for five minutes.
  public void flush(Instant now) {
    List<QueuedPod> old = new ArrayList<>();
    for (QueuedPod pod : unschedulable) {
      if (!isOver(pod.since.plus(UNSCHEDULABLE_MAX), UNSCHEDULABLE_MAX, now)) {
        break;
      }
      old.add(pod);
    }
    old.forEach(pod -> move(pod, Arrivals.WAITED_ENOUGH, now));
  }

  /// When somebody has to be looked at although nothing happens; null when nobody has.
  public @Nullable Instant due() {
    @Nullable Instant flush =
        unschedulable.isEmpty() ? null : unschedulable.first().since.plus(UNSCHEDULABLE_MAX);
    @Nullable Instant error = errors.isEmpty() ? null : errors.first().notBefore;
    if (flush == null || error == null) {
      return flush == null ? error : flush;
    }
    return flush.isBefore(error) ? flush : error;
  }

  /// How many wait, those included that wait for something to happen.
  public int size() {
    return pods.size();
  }

  /// How many are next.
  public int ready() {
    return active.size() + backoff.size();
  }

  /// Whether a pod waits here, or is being looked at.
  public boolean has(String uid) {
    return pods.containsKey(uid);
  }

  /// Looks at all pods: for whoever measures.
  public QueueFigures figures() {
    Map<String, Integer> pending =
        new TreeMap<>(Map.of("active", 0, "backoff", 0, "unschedulable", 0, "gated", 0));
    Map<QueueFigures.Refused, Integer> refused = new HashMap<>();
    for (QueuedPod pod : pods.values()) {
      if (pod.place == Place.TAKEN) {
        continue;
      }
      pending.merge(Arrivals.pending(pod.place), 1, Integer::sum);
      Set<String> by = new HashSet<>(pod.refusedBy);
      if (pod.place == Place.GATED) {
        by.add("SchedulingGates");
      }
      String profile = pod.facts.pod().getSpec().getSchedulerName();
      by.remove("");
      by.forEach(each -> refused.merge(new QueueFigures.Refused(each, profile), 1, Integer::sum));
    }
    return new QueueFigures(pending, refused, arrivals.counts());
  }

  private void enter(QueuedPod pod, Place place, String event) {
    arrivals.count(place, event);
    enter(pod, place);
  }

  private void enter(QueuedPod pod, Place place) {
    pod.place = place;
    switch (place) {
      case ACTIVE -> active.add(pod);
      case BACKOFF -> backoff.add(pod);
      case ERROR -> errors.add(pod);
      case UNSCHEDULABLE -> {
        unschedulable.add(pod);
        pod.refusedBy.forEach(
            name -> byPlugin.computeIfAbsent(name, _ -> new LinkedHashSet<>()).add(pod));
      }
      case TAKEN -> taken.put(pod, new Meanwhile());
      case GATED -> {}
    }
  }

  private void leave(QueuedPod pod) {
    switch (pod.place) {
      case ACTIVE -> active.remove(pod);
      case BACKOFF -> backoff.remove(pod);
      case ERROR -> errors.remove(pod);
      case UNSCHEDULABLE -> {
        unschedulable.remove(pod);
        for (String name : pod.refusedBy) {
          @Nullable Set<QueuedPod> waiting = byPlugin.get(name);
          if (waiting != null && waiting.remove(pod) && waiting.isEmpty()) {
            byPlugin.remove(name);
          }
        }
      }
      case TAKEN -> taken.remove(pod);
      case GATED -> {}
    }
  }
}
