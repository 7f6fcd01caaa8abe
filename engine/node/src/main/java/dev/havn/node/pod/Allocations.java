// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What each pod of a node has been given of it. Who asks for something else gets it as soon as
/// there is room; whoever waits is looked at again when a pod goes, is over, or needs less. For
/// many threads.
final class Allocations {
  /// Of a condition and in front of what it says.
  static final String PENDING = "PodResizePending";

  private static final String DEFERRED = "Deferred";

  private final Supplier<List<Pod>> pods;
  private final Map<String, BigDecimal> capacity;
  private final ResizeEvents events;
  private final Consumer<Pod> look;
  private final InstantSource clock;

  /// By uid, of all pods that somebody has looked at.
  private final Map<String, Allocation> given = new ConcurrentHashMap<>();

  /// By uid. Guarded by this.
  private final Map<String, Wait> waits = new LinkedHashMap<>();

  /// By uid: the generations of pods that were given something else, until they are looked at.
  private final Map<String, Long> begun = new ConcurrentHashMap<>();

  /// A pod that there is no room for.
  ///
  /// @param generation of the pod that asks so; -1 before anybody was told
  private record Wait(Instant since, long generation, PodStatusOf.@Nullable Waiting why) {}

  /// Why there is no room.
  ///
  /// @param word in a kubelet's word for its admission, such as `OutOfcpu`
  private record Shortage(String word, String message) {}

  /// @param pods of the node
  /// @param capacity of the node, by resource
  /// @param look looks at a pod soon
  Allocations(
      Supplier<List<Pod>> pods,
      Map<String, BigDecimal> capacity,
      ResizeEvents events,
      Consumer<Pod> look,
      InstantSource clock) {
    this.pods = pods;
    this.capacity = capacity;
    this.events = events;
    this.look = look;
    this.clock = clock;
  }

  /// A pod with what it has in place of what it asks for.
  Pod of(Pod pod) {
    return given.computeIfAbsent(pod.getMetadata().getUid(), _ -> Allocation.ofStatus(pod)).on(pod);
  }

  /// The same, of a pod that need not be looked at.
  Pod given(Pod pod) {
    return allocation(pod).on(pod);
  }

  /// Gives a pod what it asks for, where there is room.
  ///
  /// @return why it waits, null when it has all
  PodStatusOf.@Nullable Waiting look(Pod pod) {
    String uid = pod.getMetadata().getUid();
    if (allocation(pod).suits(pod)) {
      synchronized (this) {
        waits.remove(uid);
      }
      return null;
    }
    synchronized (this) {
      waits.putIfAbsent(uid, new Wait(clock.instant(), told(pod), told(pod) < 0 ? null : why(pod)));
    }
    retry(pod);
    synchronized (this) {
      @Nullable Wait wait = waits.get(uid);
      return wait == null ? null : wait.why();
    }
  }

  /// The generation of a pod to which a resize began since this was asked last, null when none did.
  @Nullable Long begun(String uid) {
    return begun.remove(uid);
  }

  /// A pod is no more.
  void forget(String uid) {
    given.remove(uid);
    begun.remove(uid);
    synchronized (this) {
      waits.remove(uid);
    }
  }

  /// There may be room now: looks at all who wait.
  void retry() {
    retry(null);
  }

  /// @param seen a pod that is being looked at, perhaps newer than it is in the list
  private void retry(@Nullable Pod seen) {
    List<Runnable> news = new ArrayList<>();
    synchronized (this) {
      if (waits.isEmpty()) {
        return;
      }
      Map<String, Pod> known = new HashMap<>();
      pods.get().forEach(each -> known.put(each.getMetadata().getUid(), each));
      if (seen != null) {
        known.put(seen.getMetadata().getUid(), seen);
      }
      waits.keySet().removeIf(uid -> !known.containsKey(uid) || isOver(known.get(uid)));
      for (Pod each : inOrder(known)) {
        decide(each, known, each == seen, news);
      }
    }
    news.forEach(Runnable::run);
  }

  private static boolean isOver(@Nullable Pod pod) {
    return pod != null && PodStatusOf.isOver(pod);
  }

  /// Who needs no more than it has goes first, then the one of the higher priority, the one whose
  /// promises count more, the one that has waited longer.
  private List<Pod> inOrder(Map<String, Pod> known) {
    List<Pod> all = new ArrayList<>();
    waits.keySet().forEach(uid -> Optional.ofNullable(known.get(uid)).ifPresent(all::add));
    all.sort(
        Comparator.comparing(this::grows)
            .thenComparing(each -> -priority(each))
            .thenComparing(each -> !isGuaranteed(each))
            .thenComparing(this::since));
    return all;
  }

  private boolean grows(Pod pod) {
    Pod has = allocation(pod).on(pod);
    return ContainerResources.RESIZABLE.stream()
        .anyMatch(
            name ->
                ContainerResources.requestOfPod(pod, name)
                        .compareTo(ContainerResources.requestOfPod(has, name))
                    > 0);
  }

  private static int priority(Pod pod) {
    @Nullable Integer priority = pod.getSpec().getPriority();
    return priority == null ? 0 : priority;
  }

  private static boolean isGuaranteed(Pod pod) {
    return pod.getStatus() != null && "Guaranteed".equals(pod.getStatus().getQosClass());
  }

  private Instant since(Pod pod) {
    @Nullable Wait wait = waits.get(pod.getMetadata().getUid());
    return wait == null ? Instant.MAX : wait.since();
  }

  private Allocation allocation(Pod pod) {
    @Nullable Allocation known = given.get(pod.getMetadata().getUid());
    return known == null ? Allocation.ofStatus(pod) : known;
  }

  /// @param isSeen whether it is being looked at anyhow
  /// @param news what is to be told and done when all is decided
  private void decide(Pod pod, Map<String, Pod> known, boolean isSeen, List<Runnable> news) {
    String uid = pod.getMetadata().getUid();
    @Nullable Wait before = waits.get(uid);
    if (before == null) {
      return;
    }
    long generation = generation(pod);
    if (allocation(pod).suits(pod)) {
      waits.remove(uid);
      return;
    }
    @Nullable Shortage shortage = shortage(pod, known);
    if (shortage == null) {
      given.put(uid, Allocation.of(pod));
      begun.put(uid, generation);
      waits.remove(uid);
      news.add(() -> events.started(pod, generation));
    } else {
      PodStatusOf.Waiting why = new PodStatusOf.Waiting(DEFERRED, shortage.message());
      waits.put(uid, new Wait(before.since(), generation, why));
      if (before.generation() != generation) {
        news.add(() -> events.deferred(pod, generation, shortage.word(), shortage.message()));
      } else if (why.equals(before.why())) {
        return;
      }
    }
    if (!isSeen) {
      news.add(() -> look.accept(pod));
    }
  }

  static long generation(Pod pod) {
    @Nullable Long generation = pod.getMetadata().getGeneration();
    return generation == null ? 0 : generation;
  }

  /// The generation of which somebody was told that it waits, before this process was there.
  private static long told(Pod pod) {
    return condition(pod).map(PodCondition::getObservedGeneration).map(Long::longValue).orElse(-1L);
  }

  private static PodStatusOf.@Nullable Waiting why(Pod pod) {
    return condition(pod)
        .map(each -> new PodStatusOf.Waiting(each.getReason(), String.valueOf(each.getMessage())))
        .orElse(null);
  }

  private static Optional<PodCondition> condition(Pod pod) {
    return pod.getStatus() == null
        ? Optional.empty()
        : pod.getStatus().getConditions().stream()
            .filter(each -> PENDING.equals(each.getType()) && DEFERRED.equals(each.getReason()))
            .findFirst();
  }

  private @Nullable Shortage shortage(Pod pod, Map<String, Pod> known) {
    for (String name : ContainerResources.RESIZABLE) {
      BigDecimal wanted = ContainerResources.requestOfPod(pod, name);
      BigDecimal most = capacity.getOrDefault(name, wanted);
      BigDecimal used =
          known.values().stream()
              .filter(each -> !PodStatusOf.isOver(each) && each != pod)
              .map(each -> ContainerResources.requestOfPod(allocation(each).on(each), name))
              .reduce(BigDecimal.ZERO, BigDecimal::add);
      if (wanted.signum() > 0 && used.add(wanted).compareTo(most) > 0) {
        return new Shortage(
            "OutOf" + name,
            "Node didn't have enough resource: %s, requested: %d, used: %d, capacity: %d"
                .formatted(name, number(name, wanted), number(name, used), number(name, most)));
      }
    }
    return null;
  }

  private static long number(String name, BigDecimal amount) {
    return name.equals("cpu")
        ? amount.multiply(BigDecimal.valueOf(1_000)).longValue()
        : amount.longValue();
  }
}
