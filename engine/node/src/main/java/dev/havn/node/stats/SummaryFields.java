// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.stats;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.kernel.CgroupCounter;
import dev.havn.node.kernel.CgroupCounters;
import dev.havn.node.kernel.FileSystemFigures.Space;
import dev.havn.node.kernel.NetworkCounters.Link;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.OptionalLong;

/// The parts that `stats/summary` has in several places. What nobody counted is left out.
final class SummaryFields {
  private static final String TIME = "time";

  private SummaryFields() {}

  static String time(Instant instant) {
    return instant.truncatedTo(ChronoUnit.SECONDS).toString();
  }

  /// The field `memory`.
  ///
  /// @param bytesMax that there are to be had, 0 when nobody says so
  static void memory(ObjectNode of, CgroupCounters counters, long bytesMax, Instant at) {
    OptionalLong used = counters.get(CgroupCounter.WORKING_SET);
    if (used.isEmpty()) {
      return;
    }
    ObjectNode memory = of.putObject("memory").put(TIME, time(at));
    long most = counters.get(CgroupCounter.MEMORY_LIMIT).orElse(bytesMax);
    if (most > 0) {
      memory.put("availableBytes", Math.max(0, most - used.getAsLong()));
    }
    put(memory, "usageBytes", counters, CgroupCounter.MEMORY);
    memory.put("workingSetBytes", used.getAsLong());
    put(memory, "rssBytes", counters, CgroupCounter.ANONYMOUS);
    put(memory, "pageFaults", counters, CgroupCounter.PAGE_FAULTS);
    put(memory, "majorPageFaults", counters, CgroupCounter.MAJOR_PAGE_FAULTS);
  }

  /// The field `swap`.
  static void swap(ObjectNode of, CgroupCounters counters, Instant at) {
    counters
        .get(CgroupCounter.SWAP)
        .ifPresent(used -> of.putObject("swap").put(TIME, time(at)).put("swapUsageBytes", used));
  }

  private static void put(
      ObjectNode shown, String name, CgroupCounters counters, CgroupCounter counter) {
    counters.get(counter).ifPresent(value -> shown.put(name, value));
  }

  /// The field `network`.
  static void network(ObjectNode of, Counters.Network network, Instant at) {
    if (network.links().isEmpty()) {
      return;
    }
    ObjectNode shown = of.putObject("network").put(TIME, time(at));
    if (network.first() != null) {
      link(shown, network.first());
    }
    var all = shown.putArray("interfaces");
    network.links().forEach(each -> link(all.addObject(), each));
  }

  private static void link(ObjectNode shown, Link link) {
    shown.put("name", link.name());
    shown.put("rxBytes", link.received().bytes()).put("rxErrors", link.received().errors());
    shown.put("txBytes", link.sent().bytes()).put("txErrors", link.sent().errors());
  }

  /// What somebody took of the node's disk.
  static void disk(ObjectNode shown, Space space, PodDisk.Use use, Instant at) {
    space(shown, space, at);
    shown.put("usedBytes", use.bytes()).put("inodesUsed", use.files());
  }

  /// A file system and what all take of it.
  static void disk(ObjectNode shown, Space space, Instant at) {
    space(shown, space, at);
    shown.put("usedBytes", space.bytes() - space.bytesFree()).put("inodesUsed", space.inodesUsed());
  }

  private static void space(ObjectNode shown, Space space, Instant at) {
    shown.put(TIME, time(at)).put("availableBytes", space.bytesLeft());
    shown.put("capacityBytes", space.bytes());
    shown.put("inodesFree", space.inodesFree()).put("inodes", space.inodes());
  }
}
