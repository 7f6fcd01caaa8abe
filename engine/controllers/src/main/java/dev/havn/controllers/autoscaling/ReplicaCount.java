// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.autoscaling;

import dev.havn.controllers.autoscaling.Reading.Figure;
import io.fabric8.kubernetes.api.model.Pod;
import java.math.BigInteger;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/// How many replicas bring usage to its target. All methods throw [UncountableException] where
/// there is nothing to count by.
///
/// @param pods that the target's selector chooses
/// @param current replicas that are asked for now
record ReplicaCount(
    List<Pod> pods, int current, Tolerances tolerances, ScalingOptions options, Instant now) {
  private static final int PERCENT = 100;

  /// @param usage on average, in thousandths
  /// @param utilization in percent of requests; 0 where nothing is asked of it
  record Counted(int replicas, long usage, int utilization) {}

  /// @param ratio of usage to its target
  private record Usage(double ratio, long average, int utilization) {}

  /// @param target in percent of what pods ask for
  Counted byUtilization(
      Map<String, Figure> figures, String resource, String container, int target) {
    checkPods();
    PodGroups groups = PodGroups.of(pods, figures, resource, options, now);
    Map<String, Long> counting = counting(figures, groups);
    Map<String, Long> requests = Requests.of(pods, container, resource);
    long whenMissing = Math.max(PERCENT, target);
    return count(
        counting,
        groups,
        () -> utilization(counting, requests, target),
        pod -> Amounts.times(requests.getOrDefault(pod, 0L), whenMissing, PERCENT));
  }

  /// @param target on average of a pod, in thousandths
  /// @param resource empty for a metric that is none
  Counted byAverage(Map<String, Figure> figures, String resource, long target) {
    checkPods();
    PodGroups groups = PodGroups.of(pods, figures, resource, options, now);
    Map<String, Long> counting = counting(figures, groups);
    return count(counting, groups, () -> average(counting, target), _ -> target);
  }

  private void checkPods() {
    if (pods.isEmpty()) {
      throw new UncountableException(
          "no pods returned by selector while calculating replica count");
    }
  }

  private static Map<String, Long> counting(Map<String, Figure> figures, PodGroups groups) {
    Map<String, Long> counting = new HashMap<>();
    figures.forEach((pod, figure) -> counting.put(pod, figure.milli()));
    counting.keySet().removeAll(groups.ignored());
    counting.keySet().removeAll(groups.unready());
    if (counting.isEmpty()) {
      throw new UncountableException(
          "did not receive metrics for targeted pods (pods might be unready)");
    }
    return counting;
  }

  /// Pods without figures are guessed so that they hold back: as busy when there are to be fewer,
  /// as idle when there are to be more.
  private Counted count(
      Map<String, Long> counting,
      PodGroups groups,
      Supplier<Usage> measure,
      ToLongFunction<String> whenMissing) {
    Usage usage = measure.get();
    double ratio = usage.ratio();
    boolean growsWithUnready = !groups.unready().isEmpty() && ratio > 1;
    if (!growsWithUnready && groups.missing().isEmpty()) {
      return counted(tolerances.allow(ratio) ? current : ceiling(ratio * groups.ready()), usage);
    }
    if (ratio < 1) {
      groups.missing().forEach(pod -> counting.put(pod, whenMissing.applyAsLong(pod)));
    } else if (ratio > 1) {
      groups.missing().forEach(pod -> counting.put(pod, 0L));
    }
    if (growsWithUnready) {
      groups.unready().forEach(pod -> counting.put(pod, 0L));
    }
    double guessed = measure.get().ratio();
    int replicas = ceiling(guessed * counting.size());
    boolean turns =
        (ratio < 1 && guessed > 1)
            || (ratio > 1 && guessed < 1)
            || (guessed < 1 && replicas > current)
            || (guessed > 1 && replicas < current);
    return counted(tolerances.allow(guessed) || turns ? current : replicas, usage);
  }

  private static Counted counted(int replicas, Usage usage) {
    return new Counted(replicas, usage.average(), usage.utilization());
  }

  private static Usage utilization(
      Map<String, Long> figures, Map<String, Long> requests, int target) {
    BigInteger used = BigInteger.ZERO;
    BigInteger requested = BigInteger.ZERO;
    int count = 0;
    for (Map.Entry<String, Long> each : figures.entrySet()) {
      @Nullable Long request = requests.get(each.getKey());
      if (request != null) {
        used = used.add(BigInteger.valueOf(each.getValue()));
        requested = requested.add(BigInteger.valueOf(request));
        count++;
      }
    }
    if (requested.signum() == 0) {
      throw new UncountableException("no metrics returned matched known pods");
    }
    int percent =
        integer(Amounts.fitting(used.multiply(BigInteger.valueOf(PERCENT)).divide(requested)));
    long average = Amounts.fitting(used.divide(BigInteger.valueOf(count)));
    return new Usage((double) percent / target, average, percent);
  }

  private static Usage average(Map<String, Long> figures, long target) {
    BigInteger used = BigInteger.ZERO;
    for (long each : figures.values()) {
      used = used.add(BigInteger.valueOf(each));
    }
    long average = Amounts.fitting(used.divide(BigInteger.valueOf(figures.size())));
    return new Usage((double) average / target, average, 0);
  }

  /// By one figure that all pods share.
  ///
  /// @param usage in thousandths, as is `target`
  int byTotal(long usage, long target) {
    double ratio = (double) usage / target;
    if (current == 0) {
      return ceiling(ratio);
    }
    if (tolerances.allow(ratio)) {
      return current;
    }
    if (pods.isEmpty()) {
      throw new UncountableException(
          "unable to calculate ready pods: no pods returned by selector while calculating replica"
              + " count");
    }
    return ceiling(ratio * PodGroups.readyPods(pods));
  }

  /// By one figure, each pod taking its share.
  ///
  /// @param present how many pods there are
  Counted byShare(long usage, long target, int present) {
    double ratio = usage / ((double) target * present);
    int replicas = tolerances.allow(ratio) ? present : integer(share(usage, target));
    return new Counted(replicas, share(usage, present), 0);
  }

  /// Rounded up; among none it is as much as there can be.
  private static long share(long usage, long parts) {
    if (parts == 0) {
      return usage > 0 ? Long.MAX_VALUE : 0;
    }
    return Math.ceilDiv(usage, parts);
  }

  /// The nearest that there is.
  private static int integer(long value) {
    return Math.clamp(value, Integer.MIN_VALUE, Integer.MAX_VALUE);
  }

  private static int ceiling(double value) {
    return (int) Math.ceil(value);
  }
}
