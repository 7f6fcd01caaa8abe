// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.pod.PodStatusOf.Ending;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Volume;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Which pods a node ends for what they use: those that take more of the disk than they may, and
/// where the node itself runs short the one that matters least. Words and order are a kubelet's.
final class EvictionPlan {
  static final String REASON = "Evicted";
  static final String MEMORY = "memory";
  static final String DISK = "ephemeral-storage";
  static final String PROCESSES = "pids";
  private static final int CRITICAL_PRIORITY_MIN = 2_000_000_000;
  private static final List<String> DECIMAL_UNITS = List.of("", "k", "M", "G", "T", "P", "E");
  private static final List<String> UNITS = List.of("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei");

  private EvictionPlan() {}

  /// What a pod uses, in bytes.
  ///
  /// @param memory by container
  /// @param disk by container: what it wrote outside of volumes, with its log
  /// @param volumes by emptyDir on the disk
  /// @param count of files or processes
  record Use(
      Pod pod,
      Map<String, Long> memory,
      Map<String, Long> disk,
      Map<String, Long> volumes,
      long count) {
    long of(String resource) {
      return switch (resource) {
        case MEMORY -> sum(memory);
        case DISK -> sum(disk) + sum(volumes);
        default -> count;
      };
    }

    private static long sum(Map<String, Long> amounts) {
      return amounts.values().stream().mapToLong(Long::longValue).sum();
    }
  }

  /// How much of a resource the node has left, and what it must have.
  ///
  /// @param grace that a pod has which ends for it
  record Signal(String resource, long threshold, long available, Duration grace) {
    boolean isInBytes() {
      return resource.equals(MEMORY) || resource.equals(DISK);
    }

    private String text(long amount) {
      return isInBytes() ? binary(amount) : decimal(amount);
    }
  }

  /// A pod and why it ends.
  record Victim(Pod pod, Ending ending) {}

  /// Whether a pod has a limit on what it takes of the disk.
  static boolean isLimited(Pod pod) {
    return pod.getSpec().getVolumes().stream().anyMatch(EvictionPlan::isLimited)
        || Restarts.containers(pod)
            .anyMatch(each -> ContainerResources.limit(each.getResources(), DISK).signum() > 0);
  }

  private static boolean isLimited(Volume volume) {
    return volume.getEmptyDir() != null
        && volume.getEmptyDir().getSizeLimit() != null
        && !"Memory".equals(volume.getEmptyDir().getMedium());
  }

  /// Why a pod ends that takes more of the disk than it may; empty for one that does not.
  static Optional<Ending> overLimit(Use use) {
    return isCritical(use.pod())
        ? Optional.empty()
        : overVolume(use)
            .or(() -> overPod(use))
            .or(() -> overContainer(use))
            .map(message -> new Ending(REASON, message, Ending.Kind.OVER_LIMIT, Ending.HASTE));
  }

  private static Optional<String> overVolume(Use use) {
    for (Volume each : use.pod().getSpec().getVolumes()) {
      if (isLimited(each)) {
        Quantity limit = each.getEmptyDir().getSizeLimit();
        BigDecimal bytes = Quantity.getAmountInBytes(limit);
        long used = use.volumes().getOrDefault(each.getName(), 0L);
        if (bytes.signum() > 0 && BigDecimal.valueOf(used).compareTo(bytes) > 0) {
          return Optional.of(
              "Usage of EmptyDir volume \"%s\" exceeds the limit \"%s\". "
                  .formatted(each.getName(), limit));
        }
      }
    }
    return Optional.empty();
  }

  private static Optional<String> overPod(Use use) {
    BigDecimal limit =
        use.pod().getSpec().getContainers().stream()
            .map(each -> ContainerResources.limit(each.getResources(), DISK))
            .reduce(BigDecimal.ZERO, BigDecimal::add);
    return limit.signum() > 0 && BigDecimal.valueOf(use.of(DISK)).compareTo(limit) > 0
        ? Optional.of(
            "Pod ephemeral local storage usage exceeds the total limit of containers %s. "
                .formatted(binary(limit.longValue())))
        : Optional.empty();
  }

  private static Optional<String> overContainer(Use use) {
    for (Container each : Restarts.containers(use.pod()).toList()) {
      BigDecimal limit = ContainerResources.limit(each.getResources(), DISK);
      long used = use.disk().getOrDefault(each.getName(), 0L);
      if (limit.signum() > 0 && BigDecimal.valueOf(used).compareTo(limit) > 0) {
        return Optional.of(
            "Container %s exceeded its local ephemeral storage limit \"%s\". "
                .formatted(each.getName(), each.getResources().getLimits().get(DISK)));
      }
    }
    return Optional.empty();
  }

  /// The pod that ends where the node is short of something: one that uses more than it asked for
  /// before one that does not, then the one of the least priority, then the one that is furthest
  /// above what it asked for. Nobody asks for processes.
  static Optional<Victim> underPressure(List<Use> all, Signal signal) {
    String resource = signal.resource();
    return all.stream()
        .filter(use -> !isCritical(use.pod()))
        .filter(use -> use.of(resource) > 0)
        .min(
            Comparator.comparing(
                    (Use use) -> !resource.equals(PROCESSES) && above(use, resource) <= 0)
                .thenComparing(use -> priority(use.pod()))
                .thenComparing(use -> -above(use, resource)))
        .map(
            use ->
                new Victim(
                    use.pod(),
                    new Ending(REASON, message(use, signal), Ending.Kind.BY_NODE, signal.grace())));
  }

  private static long above(Use use, String resource) {
    boolean canBeAskedFor = resource.equals(MEMORY) || resource.equals(DISK);
    return !canBeAskedFor
        ? use.of(resource)
        : use.of(resource) - ContainerResources.requestOfPod(use.pod(), resource).longValue();
  }

  private static int priority(Pod pod) {
    @Nullable Integer priority = pod.getSpec().getPriority();
    return priority == null ? 0 : priority;
  }

  static boolean isCritical(Pod pod) {
    return priority(pod) >= CRITICAL_PRIORITY_MIN || StaticPods.isStatic(pod);
  }

  private static String message(Use use, Signal signal) {
    String resource = signal.resource();
    StringBuilder text = new StringBuilder();
    text.append("The node was low on resource: ").append(resource).append(". ");
    text.append("Threshold quantity: ").append(signal.text(signal.threshold()));
    text.append(", available: ").append(signal.text(signal.available())).append(". ");
    if (!signal.isInBytes()) {
      return text.toString();
    }
    Map<String, Long> used = resource.equals(MEMORY) ? use.memory() : use.disk();
    for (Container each : Restarts.containers(use.pod()).toList()) {
      BigDecimal asked = ContainerResources.request(each.getResources(), resource);
      long bytes = used.getOrDefault(each.getName(), 0L);
      if (BigDecimal.valueOf(bytes).compareTo(asked) > 0) {
        text.append(
            "Container %s was using %s, request is %s, has larger consumption of %s. "
                .formatted(each.getName(), binary(bytes), binary(asked.longValue()), resource));
      }
    }
    return text.toString();
  }

  /// As Kubernetes writes numbers: in the largest unit that leaves no rest.
  static String decimal(long number) {
    long rest = number;
    int unit = 0;
    while (rest != 0 && rest % 1_000 == 0 && unit < DECIMAL_UNITS.size() - 1) {
      rest /= 1_000;
      unit++;
    }
    return rest + DECIMAL_UNITS.get(unit);
  }

  /// As Kubernetes writes bytes: in the largest unit that leaves no rest.
  static String binary(long bytes) {
    long rest = bytes;
    int unit = 0;
    while (rest != 0 && rest % 1_024 == 0 && unit < UNITS.size() - 1) {
      rest /= 1_024;
      unit++;
    }
    return rest + UNITS.get(unit);
  }
}
