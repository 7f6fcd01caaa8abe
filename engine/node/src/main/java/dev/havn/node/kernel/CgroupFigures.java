// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// What control groups say of their processes, in both versions. The working set is what is used
/// without file pages that nobody has looked at of late, as kubelets count it.
public final class CgroupFigures {
  private static final long MICRO = 1_000;
  private static final long KIBI = 1_024;

  private final Path root;
  private final Path memory;

  /// @param root where control groups are mounted
  /// @param memory the `meminfo` of the machine
  CgroupFigures(Path root, Path memory) {
    this.root = root;
    this.memory = memory;
  }

  /// Of this machine.
  public static CgroupFigures ofMachine() {
    return new CgroupFigures(Path.of("/sys/fs/cgroup"), Path.of("/proc/meminfo"));
  }

  /// Of a group by its name below the root of each hierarchy, the empty name for all processes;
  /// empty when there is no such group.
  public Optional<Consumption> read(String name) {
    try {
      return Optional.of(
          Files.exists(root.resolve("cgroup.controllers")) ? unified(name) : split(name));
    } catch (IOException gone) {
      return Optional.empty();
    }
  }

  /// How many processes and threads a group has, 0 when nobody counts them.
  public long processes(String name) {
    try {
      return number(pids(name).resolve("pids.current"));
    } catch (IOException gone) {
      return 0;
    }
  }

  private Path pids(String name) {
    boolean isUnified = Files.exists(root.resolve("cgroup.controllers"));
    return (isUnified ? root : root.resolve("pids")).resolve(name);
  }

  /// Of a group with those right in it. Version 1, and version 2 before Linux 6.11, count what is
  /// refused where the process is that would have another; later kernels where the bound is, and in
  /// all groups around that one.
  public ProcessBound processBound(String name) {
    Path group = pids(name);
    try (DirectoryStream<Path> all = Files.newDirectoryStream(group, Files::isDirectory)) {
      long inside = 0;
      for (Path each : all) {
        inside += refused(each);
      }
      Path bound = group.resolve("pids.max");
      long max = Files.readString(bound).strip().equals("max") ? -1 : number(bound);
      return new ProcessBound(
          number(group.resolve("pids.current")), max, Math.max(inside, refused(group)));
    } catch (IOException | DirectoryIteratorException gone) {
      return ProcessBound.NONE;
    }
  }

  private static long refused(Path group) throws IOException {
    try {
      return number(Files.readAllLines(group.resolve("pids.events")), "max");
    } catch (NoSuchFileException gone) {
      return 0;
    }
  }

  private Consumption unified(String name) throws IOException {
    Path group = root.resolve(name);
    long cpu = number(Files.readAllLines(group.resolve("cpu.stat")), "usage_usec") * MICRO;
    Path used = group.resolve("memory.current");
    long inactive = number(Files.readAllLines(group.resolve("memory.stat")), "inactive_file");
    // The root of this hierarchy does not say what is used.
    long bytes = Files.exists(used) ? number(used) : usedOfMachine();
    return new Consumption(cpu, Math.max(0, bytes - inactive));
  }

  private Consumption split(String name) throws IOException {
    long cpu = number(root.resolve("cpuacct").resolve(name).resolve("cpuacct.usage"));
    Path group = root.resolve("memory").resolve(name);
    long inactive = number(Files.readAllLines(group.resolve("memory.stat")), "total_inactive_file");
    long bytes = number(group.resolve("memory.usage_in_bytes"));
    return new Consumption(cpu, Math.max(0, bytes - inactive));
  }

  private long usedOfMachine() throws IOException {
    List<String> lines = Files.readAllLines(memory);
    return (number(lines, "MemTotal:") - number(lines, "MemFree:")) * KIBI;
  }

  private static long number(Path file) throws IOException {
    return parse(Files.readString(file).strip(), file.toString());
  }

  private static long number(List<String> lines, String word) throws IOException {
    for (String line : lines) {
      String[] parts = line.split("\\s+");
      if (parts.length > 1 && parts[0].equals(word)) {
        return parse(parts[1], word);
      }
    }
    throw new IOException("no " + word);
  }

  private static long parse(String text, String what) throws IOException {
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new IOException(what + " is no number: " + text, e);
    }
  }
}
