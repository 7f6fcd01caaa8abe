// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.plugin;

import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.PodFacts;
import dev.havn.scheduler.state.Resources;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// How NodeResourcesFit compares nodes.
///
/// @param shape of [Type#REQUESTED_TO_CAPACITY_RATIO], by rising utilization, with scores to 100
public record ResourceScoring(Type type, List<Weight> resources, List<Point> shape) {
  public static final List<Weight> CPU_AND_MEMORY =
      List.of(new Weight(Resources.CPU, 1), new Weight(Resources.MEMORY, 1));
  public static final ResourceScoring STANDARD =
      new ResourceScoring(Type.LEAST_ALLOCATED, CPU_AND_MEMORY, List.of());

  /// The strategies.
  public enum Type {
    LEAST_ALLOCATED,
    MOST_ALLOCATED,
    REQUESTED_TO_CAPACITY_RATIO
  }

  /// How much a resource counts among the others.
  public record Weight(String resource, long weight) {}

  /// @param utilization in percent
  /// @param score from 0 to 100
  public record Point(long utilization, long score) {}

  /// Whether nodes have all of it themselves, not behind devices.
  boolean isOfNode() {
    return resources.stream().allMatch(each -> isOfNode(each.resource()));
  }

  /// What is never behind devices.
  static boolean isOfNode(String resource) {
    return switch (resource) {
      case Resources.CPU, Resources.MEMORY, Resources.EPHEMERAL_STORAGE -> true;
      default -> false;
    };
  }

  long of(PodFacts pod, NodeState node, ResourceDevices devices) {
    long sum = 0;
    long weights = 0;
    for (Weight each : resources) {
      String name = each.resource();
      if (isUnasked(pod, name)) {
        continue;
      }
      long all = node.allocatable().get(name);
      long taken = taken(node, name);
      if (all == 0) {
        ResourceDevices.@Nullable Count counted = devices.of(name, node);
        if (counted == null) {
          continue;
        }
        all = counted.all();
        taken = counted.taken();
      }
      long score = score(taken + asked(pod, name), all);
      if (type == Type.REQUESTED_TO_CAPACITY_RATIO && score <= 0) {
        continue;
      }
      sum += score * each.weight();
      weights += each.weight();
    }
    if (weights == 0) {
      return 0;
    }
    return type == Type.REQUESTED_TO_CAPACITY_RATIO
        ? Math.round((double) sum / weights)
        : sum / weights;
  }

  /// What only few nodes have counts for pods that ask for it.
  static boolean isUnasked(PodFacts pod, String resource) {
    return !isOfNode(resource) && pod.demand().amounts().get(resource) == 0;
  }

  private static boolean isGuessed(String resource) {
    return resource.equals(Resources.CPU) || resource.equals(Resources.MEMORY);
  }

  private static long taken(NodeState node, String resource) {
    return (isGuessed(resource) ? node.scored() : node.requested()).get(resource);
  }

  private static long asked(PodFacts pod, String resource) {
    return (isGuessed(resource) ? pod.demand().scored() : pod.demand().amounts()).get(resource);
  }

  private long score(long requested, long all) {
    return switch (type) {
      case LEAST_ALLOCATED -> requested > all ? 0 : (all - requested) * Score.MAX / all;
      case MOST_ALLOCATED -> Math.min(requested, all) * Score.MAX / all;
      case REQUESTED_TO_CAPACITY_RATIO -> onShape(requested > all ? 100 : requested * 100 / all);
    };
  }

  /// Between two points what lies on the line between them.
  private long onShape(long utilization) {
    for (int i = 0; i < shape.size(); i++) {
      Point right = shape.get(i);
      if (utilization > right.utilization()) {
        continue;
      }
      if (i == 0) {
        return right.score();
      }
      Point left = shape.get(i - 1);
      return left.score()
          + (right.score() - left.score())
              * (utilization - left.utilization())
              / (right.utilization() - left.utilization());
    }
    return shape.getLast().score();
  }
}
