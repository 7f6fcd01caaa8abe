// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Which ids of users and groups pods have for themselves (`hostUsers: false`, KEP-127): 65,536 for
/// each, beginning at a multiple of that, and none that another pod of the machine has.
///
/// A range that is given is a link in a folder that a restart of the machine empties: its name is
/// the first id, it leads to node and pod. All nodes of the machine share the folder; making a link
/// that is there already fails, so that nobody needs a lock.
final class UserRanges {
  /// How many ids a pod has.
  static final int IDS = 65_536;

  /// Of 32 bits, without the machine's own ids and those that end in the number that is nobody's.
  static final int RANGES_MAX = 65_534;

  private static final Path FOLDER = Path.of("/run/havn-users");

  /// Ranges that others of the machine may give to containers of theirs.
  private static final List<Path> OF_OTHERS =
      List.of(Path.of("/etc/subuid"), Path.of("/etc/subgid"));

  private final Path folder;
  private final String owner;
  private final int ranges;
  private final List<Path> others;
  private final Map<String, Long> firstByPod = new ConcurrentHashMap<>();

  /// Which one was given last: one that became free rests until all others were given.
  private int last;

  /// @param owner the node
  /// @param ranges how many there are
  /// @param others files with lines `NAME:FIRST:COUNT`, which need not be there
  UserRanges(Path folder, String owner, int ranges, List<Path> others) throws IOException {
    this.folder = folder;
    this.owner = owner;
    this.ranges = ranges;
    this.others = others;
    for (Path each : links()) {
      String of = owner(each);
      if (of.startsWith(owner + "/")) {
        firstByPod.put(of.substring(owner.length() + 1), first(each));
      }
    }
  }

  /// Empty for one that its owner has just freed.
  private static String owner(Path link) throws IOException {
    try {
      return Files.readSymbolicLink(link).toString();
    } catch (NoSuchFileException freed) {
      return "";
    }
  }

  static UserRanges ofMachine(NodeId node) throws IOException {
    return new UserRanges(FOLDER, node.toString(), RANGES_MAX, OF_OTHERS);
  }

  private List<Path> links() throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(folder)) {
      return all.filter(Files::isSymbolicLink).toList();
    }
  }

  private static long first(Path link) {
    return Long.parseLong(String.valueOf(link.getFileName()));
  }

  /// The first id of a pod, which has it until [#free].
  ///
  /// @throws IOException in the kubelet's words when none is left
  synchronized long give(String podUid) throws IOException {
    @Nullable Long known = firstByPod.get(podUid);
    if (known != null) {
      return known;
    }
    Files.createDirectories(folder);
    List<long[]> foreign = foreign();
    for (int tried = 0; tried < ranges; tried++) {
      last = last % ranges + 1;
      long first = (long) last * IDS;
      if (foreign.stream().noneMatch(each -> each[0] < first + IDS && first < each[1])
          && take(first, podUid)) {
        firstByPod.put(podUid, first);
        return first;
      }
    }
    throw new IOException(
        "create user namespace: could not find an empty slot to allocate a user namespace");
  }

  private boolean take(long first, String podUid) throws IOException {
    Path link = folder.resolve(String.valueOf(first));
    if (Files.isSymbolicLink(link)) {
      return false;
    }
    try {
      Files.createSymbolicLink(link, Path.of(owner, podUid));
      return true;
    } catch (FileAlreadyExistsException taken) {
      return false;
    }
  }

  /// First ids and those after the last.
  private List<long[]> foreign() throws IOException {
    List<long[]> found = new ArrayList<>();
    for (Path file : others) {
      if (Files.isRegularFile(file)) {
        for (String line : Files.readAllLines(file, StandardCharsets.ISO_8859_1)) {
          String[] parts = line.split(":", -1);
          if (parts.length == 3
              && parts[1].matches("[0-9]{1,10}")
              && parts[2].matches("[0-9]{1,10}")) {
            long first = Long.parseLong(parts[1]);
            found.add(new long[] {first, first + Long.parseLong(parts[2])});
          }
        }
      }
    }
    return found;
  }

  /// Lets others have a pod's ids.
  synchronized void free(String podUid) throws IOException {
    @Nullable Long first = firstByPod.get(podUid);
    if (first != null) {
      Files.deleteIfExists(folder.resolve(String.valueOf(first)));
      firstByPod.remove(podUid);
    }
  }

  /// Frees the ids of all pods of the node but these.
  void keep(Collection<String> podUids) throws IOException {
    for (String each : List.copyOf(firstByPod.keySet())) {
      if (!podUids.contains(each)) {
        free(each);
      }
    }
  }
}
