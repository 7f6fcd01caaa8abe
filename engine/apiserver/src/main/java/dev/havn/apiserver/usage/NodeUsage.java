// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.usage;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The way from the API server to what nodes know of their use. Answers at once, from what was
/// measured last.
public interface NodeUsage {
  /// Where nobody measures: the API of figures is not there.
  NodeUsage NONE =
      new NodeUsage() {
        @Override
        public boolean measures() {
          return false;
        }

        @Override
        public Optional<PodFigures> ofPod(ObjectNode pod) {
          return Optional.empty();
        }

        @Override
        public Optional<NodeFigures> ofNode(ObjectNode node, List<ObjectNode> pods) {
          return Optional.empty();
        }
      };

  /// Whether there are figures at all.
  boolean measures();

  /// Of a pod that runs on a node here; empty where there are none yet.
  Optional<PodFigures> ofPod(ObjectNode pod);

  /// Of a node.
  ///
  /// @param pods that are bound to it
  Optional<NodeFigures> ofNode(ObjectNode node, List<ObjectNode> pods);

  /// @param nanoCores billionths of a processor
  /// @param memoryBytes the working set
  record Amount(long nanoCores, long memoryBytes) {
    /// As much as there can be where both together are more.
    public Amount plus(Amount other) {
      return new Amount(sum(nanoCores, other.nanoCores), sum(memoryBytes, other.memoryBytes));
    }

    private static long sum(long one, long other) {
      long sum = one + other;
      return one >= 0 && other >= 0 && sum < 0 ? Long.MAX_VALUE : sum;
    }
  }

  /// @param at the end of the time that was measured
  /// @param window how long it was
  record NodeFigures(Instant at, Duration window, Amount used) {}

  /// @param containers those that run, by name
  record PodFigures(Instant at, Duration window, Map<String, Amount> containers) {}
}
