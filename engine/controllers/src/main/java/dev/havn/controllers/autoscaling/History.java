// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.autoscaling;

import io.fabric8.kubernetes.api.model.autoscaling.v2.HPAScalingPolicy;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HPAScalingRules;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// What was proposed for an autoscaler's target of late, and what was done to it. It begins anew
/// with the process, as it does in Kubernetes.
///
/// @param recommendations before any bounds
/// @param ups by how many the replicas grew
/// @param downs by how many they shrank
record History(List<Sample> recommendations, List<Sample> ups, List<Sample> downs) {
  record Sample(int replicas, Instant at) {}

  static History beginningWith(int replicas, Instant now) {
    return new History(List.of(new Sample(replicas, now)), List.of(), List.of());
  }

  /// One recommendation more, without those that are older than `kept`.
  History recommended(int replicas, Instant now, Duration kept) {
    return new History(with(recommendations, replicas, now, kept), ups, downs);
  }

  /// One change more, without those of its direction that no policy of `rules` looks back at.
  History changed(int from, int to, HPAScalingRules rules, Instant now) {
    int longest =
        rules.getPolicies().stream().mapToInt(HPAScalingPolicy::getPeriodSeconds).max().orElse(0);
    Duration kept = Duration.ofSeconds(longest);
    return to > from
        ? new History(recommendations, with(ups, to - from, now, kept), downs)
        : new History(recommendations, ups, with(downs, from - to, now, kept));
  }

  private static List<Sample> with(List<Sample> samples, int replicas, Instant now, Duration kept) {
    List<Sample> all = new ArrayList<>(samples);
    all.removeIf(each -> each.at().isBefore(now.minus(kept)));
    all.add(new Sample(replicas, now));
    return List.copyOf(all);
  }

  /// How many replicas there were so many seconds ago, going by what was done since.
  int replicasBefore(int seconds, int current, Instant now) {
    Instant since = now.minusSeconds(seconds);
    return current - sum(ups, since) + sum(downs, since);
  }

  private static int sum(List<Sample> changes, Instant since) {
    return changes.stream()
        .filter(each -> each.at().isAfter(since))
        .mapToInt(Sample::replicas)
        .sum();
  }
}
