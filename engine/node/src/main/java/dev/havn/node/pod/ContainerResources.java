// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.runtime.ContainerRuntime.Resources;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.ResourceRequirementsBuilder;
import java.math.BigDecimal;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Requests and limits of a container as the kernel takes them.
final class ContainerResources {
  private static final long CPU_PERIOD_MICROS = 100_000;
  private static final long SHARES_PER_CPU = 1_024;
  private static final long SHARES_MIN = 2;
  private static final int SCORE_MAX = 1_000;
  private static final int SCORE_GUARANTEED = -997;
  private static final int SCORE_BURSTABLE_MIN = 3;

  /// What a running pod may be given more or less of.
  static final List<String> RESIZABLE = List.of("cpu", "memory");

  private static final ResourceRequirements NOTHING = new ResourceRequirements();

  private ContainerResources() {}

  /// @param machineBytes the machine's memory
  static Resources of(Pod pod, Container container, long machineBytes) {
    ResourceRequirements resources = bounding(pod, container);
    BigDecimal limit = limit(resources, "cpu");
    BigDecimal requested = request(resources, "cpu");
    BigDecimal cpu = requested.signum() == 0 ? limit : requested;
    return new Resources(
        Math.max(SHARES_MIN, cpu.multiply(BigDecimal.valueOf(SHARES_PER_CPU)).longValue()),
        limit.multiply(BigDecimal.valueOf(CPU_PERIOD_MICROS)).longValue(),
        limit(resources, "memory").longValue(),
        outOfMemoryScore(pod, container, machineBytes));
  }

  /// What a container asks for, with the limits of its pod where it has none itself: it may look
  /// how much it can have, and nobody tells it of the groups around its own.
  static ResourceRequirements bounding(Pod pod, Container container) {
    return bounding(container.getResources(), pod.getSpec().getResources());
  }

  static ResourceRequirements bounding(
      @Nullable ResourceRequirements own, @Nullable ResourceRequirements whole) {
    ResourceRequirements asks = own == null ? NOTHING : own;
    if (whole == null || whole.getLimits() == null) {
      return asks;
    }
    Map<String, Quantity> limits =
        new HashMap<>(asks.getLimits() == null ? Map.of() : asks.getLimits());
    for (String name : RESIZABLE) {
      if (limit(own, name).signum() == 0 && limit(whole, name).signum() > 0) {
        limits.put(name, whole.getLimits().get(name));
      }
    }
    return new ResourceRequirementsBuilder(asks).withLimits(limits).build();
  }

  /// What bounds a pod as a whole: what it says itself (KEP-2837), else what its containers may use
  /// together, where each says how much, and what the runtime takes for it; 0 for no bound.
  static Resources ofPod(Pod pod) {
    BigDecimal cpu = limitOfPod(pod, "cpu", false);
    BigDecimal asked = requestOfPod(pod, "cpu");
    BigDecimal share = asked.signum() == 0 ? cpu : asked;
    return new Resources(
        Math.max(SHARES_MIN, share.multiply(BigDecimal.valueOf(SHARES_PER_CPU)).longValue()),
        cpu.multiply(BigDecimal.valueOf(CPU_PERIOD_MICROS)).longValue(),
        limitOfPod(pod, "memory", false).longValue());
  }

  /// What a pod asks for as a whole, with what the runtime takes for it.
  static BigDecimal requestOfPod(Pod pod, String name) {
    BigDecimal own = request(pod.getSpec().getResources(), name);
    BigDecimal asked =
        own.signum() > 0 ? own : together(pod, each -> request(each.getResources(), name));
    return asked.add(amount(pod.getSpec().getOverhead(), name));
  }

  /// @param adds whether the limits of some containers count where others have none
  static BigDecimal limitOfPod(Pod pod, String name, boolean adds) {
    BigDecimal own = limit(pod.getSpec().getResources(), name);
    boolean isOfContainers =
        own.signum() == 0
            && (adds
                || Restarts.containers(pod)
                    .allMatch(each -> limit(each.getResources(), name).signum() > 0));
    BigDecimal limit =
        isOfContainers ? together(pod, each -> limit(each.getResources(), name)) : own;
    return limit.signum() == 0 ? limit : limit.add(amount(pod.getSpec().getOverhead(), name));
  }

  /// The most that runs at a time: the main containers beside all sidecars, or an init container
  /// beside the sidecars before it.
  private static BigDecimal together(Pod pod, Function<Container, BigDecimal> amount) {
    BigDecimal sidecars = BigDecimal.ZERO;
    BigDecimal most = BigDecimal.ZERO;
    for (Container each : pod.getSpec().getInitContainers()) {
      if ("Always".equals(each.getRestartPolicy())) {
        sidecars = sidecars.add(amount.apply(each));
      } else {
        most = most.max(sidecars.add(amount.apply(each)));
      }
    }
    BigDecimal main =
        pod.getSpec().getContainers().stream().map(amount).reduce(sidecars, BigDecimal::add);
    return most.max(main);
  }

  /// Who asks for much of the memory and has promised what it needs is ended last.
  private static int outOfMemoryScore(Pod pod, Container container, long machineBytes) {
    String priority = pod.getSpec().getPriorityClassName();
    if ("system-node-critical".equals(priority)) {
      return SCORE_GUARANTEED;
    }
    String quality = pod.getStatus() == null ? null : pod.getStatus().getQosClass();
    if ("Guaranteed".equals(quality)) {
      return SCORE_GUARANTEED;
    }
    if (!"Burstable".equals(quality)) {
      return SCORE_MAX;
    }
    long asked = request(container.getResources(), "memory").longValue();
    long score = SCORE_MAX - SCORE_MAX * asked / machineBytes;
    return Math.clamp(score, SCORE_BURSTABLE_MIN, SCORE_MAX - 1);
  }

  /// Whether two containers with these are bounded alike.
  static boolean same(@Nullable ResourceRequirements one, @Nullable ResourceRequirements other) {
    return one == other || RESIZABLE.stream().allMatch(name -> same(one, other, name));
  }

  /// The same in one resource, `cpu` or `memory`.
  static boolean same(
      @Nullable ResourceRequirements one, @Nullable ResourceRequirements other, String name) {
    return request(one, name).compareTo(request(other, name)) == 0
        && limit(one, name).compareTo(limit(other, name)) == 0;
  }

  static BigDecimal request(@Nullable ResourceRequirements resources, String name) {
    return resources == null ? BigDecimal.ZERO : amount(resources.getRequests(), name);
  }

  static BigDecimal limit(@Nullable ResourceRequirements resources, String name) {
    return resources == null ? BigDecimal.ZERO : amount(resources.getLimits(), name);
  }

  static BigDecimal amount(@Nullable Map<String, Quantity> amounts, String name) {
    @Nullable Quantity quantity = amounts == null ? null : amounts.get(name);
    return quantity == null ? BigDecimal.ZERO : Quantity.getAmountInBytes(quantity);
  }
}
