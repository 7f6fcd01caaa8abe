// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.plugin;

import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.PodFacts;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Prefers nodes whose resources are used alike: the less the taken shares deviate from each other,
/// the better.
public final class NodeResourcesBalancedAllocation implements Score {
  public static final String NAME = "NodeResourcesBalancedAllocation";

  private final List<String> resources;
  private final ResourceDevices devices;

  public NodeResourcesBalancedAllocation(List<String> resources, ResourceDevices devices) {
    this.resources = resources;
    this.devices = devices;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public boolean isOfNode() {
    return resources.stream().allMatch(ResourceScoring::isOfNode);
  }

  /// A pod that asks for nothing balances nothing.
  @Override
  public long[] scores(Attempt attempt, List<NodeState> nodes) {
    PodFacts pod = attempt.pod();
    if (resources.stream().allMatch(each -> pod.demand().amounts().get(each) == 0)) {
      return NONE;
    }
    long[] scores = new long[nodes.size()];
    double[] shares = new double[resources.size()];
    for (int i = 0; i < scores.length; i++) {
      int count = 0;
      for (String each : resources) {
        double share = share(pod, nodes.get(i), each);
        if (share >= 0) {
          shares[count++] = share;
        }
      }
      scores[i] = (long) ((1 - deviation(shares, count)) * MAX);
    }
    return scores;
  }

  /// How much of a resource is taken with the pod; negative for one that does not count.
  private double share(PodFacts pod, NodeState node, String resource) {
    if (ResourceScoring.isUnasked(pod, resource)) {
      return -1;
    }
    long all = node.allocatable().get(resource);
    long taken = node.requested().get(resource);
    if (all == 0) {
      ResourceDevices.@Nullable Count counted = devices.of(resource, node);
      if (counted == null) {
        return -1;
      }
      all = counted.all();
      taken = counted.taken();
    }
    return Math.min(1, (double) (taken + pod.demand().amounts().get(resource)) / all);
  }

  private static double deviation(double[] shares, int count) {
    if (count < 2) {
      return 0;
    }
    double mean = 0;
    for (int i = 0; i < count; i++) {
      mean += shares[i] / count;
    }
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum += (shares[i] - mean) * (shares[i] - mean);
    }
    return count == 2 ? Math.abs(shares[0] - shares[1]) / 2 : Math.sqrt(sum / count);
  }
}
