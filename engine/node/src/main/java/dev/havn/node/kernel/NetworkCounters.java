// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// What went through the links of a network namespace, as the kernel tells each process of its own
/// in `/proc/PID/net` (proc_pid_net(5)). Nobody has to go there for it.
public final class NetworkCounters {
  private static final int COLUMNS = 16;
  private static final int LINKS_MAX = 1_024;

  private final Path processes;

  /// @param processes such as `/proc`
  public NetworkCounters(Path processes) {
    this.processes = processes;
  }

  public static NetworkCounters ofMachine() {
    return new NetworkCounters(Path.of("/proc"));
  }

  /// @param errors of packets that could not be read or sent
  public record Direction(long bytes, long packets, long errors, long dropped) {}

  /// @param name such as `eth0`
  public record Link(String name, Direction received, Direction sent) {}

  /// All links but the loopback.
  ///
  /// @param process number of one of the processes that have them, or `thread-self`
  /// @return empty when the process has gone
  public List<Link> links(String process) {
    List<Link> links = new ArrayList<>();
    for (String line : lines(process, "dev")) {
      String[] parts = line.split(":", 2);
      String name = parts[0].strip();
      if (parts.length == 2 && !name.equals("lo") && links.size() < LINKS_MAX) {
        long[] counts =
            Arrays.stream(parts[1].strip().split("\\s+"))
                .filter(each -> each.matches("[0-9]{1,18}"))
                .mapToLong(Long::parseLong)
                .toArray();
        if (counts.length == COLUMNS) {
          links.add(new Link(name, direction(counts, 0), direction(counts, COLUMNS / 2)));
        }
      }
    }
    return links;
  }

  private static Direction direction(long[] counts, int from) {
    return new Direction(counts[from], counts[from + 1], counts[from + 2], counts[from + 3]);
  }

  /// The link by which packets go that nothing else is said of, in the first version of the
  /// protocol that has such.
  public Optional<String> byDefault(String process) {
    for (String line : lines(process, "route")) {
      String[] parts = line.split("\\s+", -1);
      if (parts.length > 7 && parts[1].equals("00000000") && parts[7].equals("00000000")) {
        return Optional.of(parts[0]);
      }
    }
    for (String line : lines(process, "ipv6_route")) {
      String[] parts = line.split("\\s+", -1);
      boolean leads = parts.length == 10 && parts[0].matches("0{32}") && parts[1].equals("00");
      if (leads && !parts[9].equals("lo")) {
        return Optional.of(parts[9]);
      }
    }
    return Optional.empty();
  }

  private List<String> lines(String process, String file) {
    try {
      return Files.readAllLines(processes.resolve(process).resolve("net").resolve(file));
    } catch (IOException gone) {
      return List.of();
    }
  }
}
