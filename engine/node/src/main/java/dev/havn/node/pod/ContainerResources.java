// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.runtime.ContainerRuntime.Resources;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Requests and limits of a container as the kernel takes them.
final class ContainerResources {
  private static final long CPU_PERIOD_MICROS = 100_000;
  private static final long SHARES_PER_CPU = 1_024;
  private static final long SHARES_MIN = 2;
  private static final int SCORE_MAX = 1_000;
  private static final int SCORE_GUARANTEED = -997;
  private static final int SCORE_BURSTABLE_MIN = 3;

  private static final List<String> RESIZABLE = List.of("cpu", "memory");

  private ContainerResources() {}

  /// @param machineBytes the machine's memory
  static Resources of(Pod pod, Container container, long machineBytes) {
    @Nullable ResourceRequirements resources = container.getResources();
    BigDecimal limit = limit(resources, "cpu");
    BigDecimal requested = request(resources, "cpu");
    BigDecimal cpu = requested.signum() == 0 ? limit : requested;
    return new Resources(
        Math.max(SHARES_MIN, cpu.multiply(BigDecimal.valueOf(SHARES_PER_CPU)).longValue()),
        limit.multiply(BigDecimal.valueOf(CPU_PERIOD_MICROS)).longValue(),
        limit(resources, "memory").longValue(),
        outOfMemoryScore(pod, container, machineBytes));
  }

  /// What bounds a pod as a whole: what it says itself (KEP-2837), else what its containers may use
  /// together, where each says how much; 0 for no bound.
  static Resources ofPod(Pod pod) {
    BigDecimal cpu = limitOfPod(pod, "cpu");
    BigDecimal asked = requestOfPod(pod, "cpu");
    BigDecimal share = asked.signum() == 0 ? cpu : asked;
    return new Resources(
        Math.max(SHARES_MIN, share.multiply(BigDecimal.valueOf(SHARES_PER_CPU)).longValue()),
        cpu.multiply(BigDecimal.valueOf(CPU_PERIOD_MICROS)).longValue(),
        limitOfPod(pod, "memory").longValue());
  }

  /// What a pod asks for as a whole.
  static BigDecimal requestOfPod(Pod pod, String name) {
    BigDecimal own = request(pod.getSpec().getResources(), name);
    return own.signum() > 0 ? own : together(pod, each -> request(each.getResources(), name));
  }

  private static BigDecimal limitOfPod(Pod pod, String name) {
    BigDecimal own = limit(pod.getSpec().getResources(), name);
    boolean eachHasOne =
        Stream.concat(
                pod.getSpec().getInitContainers().stream(), pod.getSpec().getContainers().stream())
            .allMatch(each -> limit(each.getResources(), name).signum() > 0);
    return own.signum() > 0 || !eachHasOne
        ? own
        : together(pod, each -> limit(each.getResources(), name));
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
    return RESIZABLE.stream().allMatch(name -> same(one, other, name));
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

  private static BigDecimal amount(@Nullable Map<String, Quantity> amounts, String name) {
    @Nullable Quantity quantity = amounts == null ? null : amounts.get(name);
    return quantity == null ? BigDecimal.ZERO : Quantity.getAmountInBytes(quantity);
  }
}
