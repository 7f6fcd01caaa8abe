// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.configuration.EvictionSignal;
import dev.havn.node.kernel.FileSystemFigures;
import dev.havn.node.kernel.ProcessCount;
import dev.havn.node.pod.Thresholds.Amounts;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Measures what a node has left.
@FunctionalInterface
interface NodeGauge {
  /// @param wanted what is to be measured
  /// @param memoryBytes that the machine has left
  Map<EvictionSignal, Amounts> read(Set<EvictionSignal> wanted, long memoryBytes);

  /// Of this machine; what cannot be measured is left out.
  ///
  /// @param folder on the disk of pods and images
  static NodeGauge of(Path folder) {
    Logger log = LoggerFactory.getLogger(NodeGauge.class);
    return (wanted, memoryBytes) -> {
      Map<EvictionSignal, Amounts> left = new EnumMap<>(EvictionSignal.class);
      for (EvictionSignal each : wanted) {
        try {
          Amounts amounts =
              switch (each) {
                case MEMORY -> new Amounts(memoryBytes, Machine.memoryBytes());
                case NODE_DISK, IMAGE_DISK ->
                    new Amounts(Machine.diskBytesLeft(folder), Machine.diskBytes(folder));
                case NODE_INODES, IMAGE_INODES -> {
                  FileSystemFigures.Inodes inodes = FileSystemFigures.inodes(folder);
                  yield new Amounts(inodes.free(), inodes.all());
                }
                case PROCESSES -> {
                  ProcessCount count = ProcessCount.ofMachine();
                  yield new Amounts(count.max() - count.running(), count.max());
                }
              };
          // Some file systems have no bound, and say so.
          if (amounts.capacity() > 0) {
            left.put(each, amounts);
          }
        } catch (IOException e) {
          log.warn("what is left of {} cannot be told: {}", each, e.getMessage());
        }
      }
      return left;
    };
  }
}
