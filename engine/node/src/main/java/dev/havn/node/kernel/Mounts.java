// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/// What is mounted in this process's mount namespace.
public final class Mounts {
  private static final Path TABLE = Path.of("/proc/self/mountinfo");
  private static final int MOUNT_POINT = 4;
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final String EFFECTIVE = "CapEff:";

  /// `CAP_SYS_ADMIN`
  private static final int ADMINISTRATION = 21;

  private Mounts() {}

  /// The mount points at and below a folder, the innermost first.
  public static List<Path> below(Path folder) throws IOException {
    if (!Files.exists(TABLE)) {
      return List.of();
    }
    // The kernel knows no links.
    Path real = Files.exists(folder) ? folder.toRealPath() : folder;
    List<Path> found = new ArrayList<>();
    for (String line : Files.readAllLines(TABLE)) {
      Path point = Path.of(unescape(line.split(" ")[MOUNT_POINT]));
      if (point.startsWith(real)) {
        found.add(point);
      }
    }
    found.sort(Comparator.comparingInt(Path::getNameCount).reversed());
    return found;
  }

  /// The kernel writes blanks, tabs, newlines and backslashes as three octal digits.
  private static String unescape(String word) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < word.length(); i++) {
      char c = word.charAt(i);
      if (c == '\\' && i + 3 < word.length()) {
        text.append((char) Integer.parseInt(word.substring(i + 1, i + 4), 8));
        i += 3;
      } else {
        text.append(c);
      }
    }
    return text.toString();
  }

  /// Takes away all that is mounted at and below a folder, also what is in use. It may be a copy of
  /// what is mounted elsewhere, and that stays: from peers a mount would go, too.
  public static void detachBelow(Path folder) throws IOException {
    List<Path> found = below(folder);
    for (Path each : found) {
      unlessGone(each, () -> MountCalls.mount("none", each, "", MountCalls.PRIVATE, ""));
    }
    for (Path each : found) {
      unlessGone(each, () -> MountCalls.detach(each));
    }
  }

  private interface Call {
    void run() throws IOException;
  }

  /// What somebody else takes away meanwhile is gone, as is wanted.
  private static void unlessGone(Path point, Call call) throws IOException {
    try {
      call.run();
    } catch (IOException e) {
      if (below(point).contains(point)) {
        throw e;
      }
    }
  }

  /// Mounts a file system in memory.
  ///
  /// @param bytes its size
  public static void inMemory(Path folder, long bytes) throws IOException {
    MountCalls.mount("tmpfs", folder, "tmpfs", 0, "size=" + bytes);
  }

  /// Mounts a file system in memory of which nothing is run.
  ///
  /// @param bytes its size
  public static void dataInMemory(Path folder, long bytes) throws IOException {
    long flags = MountCalls.NO_SUID | MountCalls.NO_DEVICES | MountCalls.NO_EXECUTION;
    MountCalls.mount("tmpfs", folder, "tmpfs", flags, "size=" + bytes);
  }

  /// Mounts a file system in memory by which everybody may share memory (`shm_open`).
  ///
  /// @param bytes its size
  public static void sharedMemory(Path folder, long bytes) throws IOException {
    long flags = MountCalls.NO_SUID | MountCalls.NO_DEVICES | MountCalls.NO_EXECUTION;
    MountCalls.mount("shm", folder, "tmpfs", flags, "mode=1777,size=" + bytes);
  }

  /// Makes what is mounted below a folder later, here or in a container that has it, seen by both.
  public static void share(Path folder) throws IOException {
    MountCalls.mount(folder.toString(), folder, "", MountCalls.BIND | MountCalls.RECURSIVE, "");
    MountCalls.mount("none", folder, "", MountCalls.SHARED, "");
  }

  /// Lets what is mounted below a folder later be seen nowhere else.
  public static void separate(Path folder) throws IOException {
    MountCalls.mount(folder.toString(), folder, "", MountCalls.BIND, "");
    MountCalls.mount("none", folder, "", MountCalls.PRIVATE, "");
  }

  /// Mounts what lies in a folder with what is changed about it in another.
  ///
  /// @param device as it is called in the table of mounts
  /// @param work an empty folder beside the changes, for the kernel
  /// @throws IOException also for a folder whose path has a comma or a colon, which part them
  public static void overlay(String device, Path lower, Path upper, Path work, Path target)
      throws IOException {
    String folders =
        "lowerdir=" + folder(lower) + ",upperdir=" + folder(upper) + ",workdir=" + folder(work);
    MountCalls.mount(device, target, "overlay", 0, folders);
  }

  private static String folder(Path path) throws IOException {
    String text = path.toString();
    if (text.contains(",") || text.contains(":")) {
      throw new IOException("an overlay of " + text + ": its path has a comma or a colon");
    }
    return text;
  }

  /// Takes away what is mounted at a path, also what is in use.
  public static void detach(Path place) throws IOException {
    MountCalls.detach(place);
  }

  /// Mounts a file at another one.
  public static void bind(Path source, Path target) throws IOException {
    MountCalls.mount(source.toString(), target, "", MountCalls.BIND, "");
  }

  /// Mounts what lies at a path at another one, with other owners: to users of the namespace files
  /// belong to the ids that the disk says, and what they make belongs to such ids on the disk.
  ///
  /// @param userNamespace a file that holds it
  /// @param follows whether what is mounted at the source later is seen
  /// @throws IOException in runc's words when the file system cannot do it
  public static void withOwnersOf(Path userNamespace, Path source, Path target, boolean follows)
      throws IOException {
    try (MountTree tree = MountTree.copy(source)) {
      tree.separate(follows);
      tree.mapOwners(userNamespace);
      tree.attach(target);
    }
  }

  /// What is forbidden at a mount point: some of `nosuid`, `nodev` and `noexec`. Inside a user
  /// namespace it may not be allowed again.
  public static List<String> restrictions(Path point) throws IOException {
    Path real = point.toRealPath();
    List<String> found = List.of();
    for (String line : Files.readAllLines(TABLE)) {
      String[] words = line.split(" ");
      // Of several mounts at one place the last lies on top.
      if (Path.of(unescape(words[MOUNT_POINT])).equals(real)) {
        List<String> options = List.of(words[MOUNT_POINT + 1].split(","));
        found = Stream.of("nosuid", "nodev", "noexec").filter(options::contains).toList();
      }
    }
    return found;
  }

  /// Whether what is mounted below a folder is seen by whoever has the folder: whether the mount
  /// that it lies in is one of peers.
  public static boolean isShared(Path folder) throws IOException {
    if (!Files.exists(TABLE)) {
      return false;
    }
    Path real = folder.toRealPath();
    int depth = -1;
    boolean shared = false;
    for (String line : Files.readAllLines(TABLE)) {
      String[] words = line.split(" ");
      Path point = Path.of(unescape(words[MOUNT_POINT]));
      // Of several mounts at one place the last lies on top.
      if (real.startsWith(point) && point.getNameCount() >= depth) {
        depth = point.getNameCount();
        shared =
            List.of(words).subList(MOUNT_POINT + 2, words.length).stream()
                .takeWhile(each -> !each.equals("-"))
                .anyMatch(each -> each.startsWith("shared:"));
      }
    }
    return shared;
  }

  /// Whether anything is mounted at a folder, be it a part of the same file system.
  public static boolean isMounted(Path folder) throws IOException {
    return below(folder).contains(folder.toRealPath());
  }

  /// Whether something is mounted at a folder by which another file system begins.
  public static boolean isPoint(Path folder) throws IOException {
    Path parent = Objects.requireNonNull(folder.getParent());
    return !Files.getAttribute(folder, "unix:dev").equals(Files.getAttribute(parent, "unix:dev"));
  }

  /// Whether this process may mount: root in a container often may not.
  public static boolean arePossible() throws IOException {
    if (!Files.exists(STATUS)) {
      return false;
    }
    for (String line : Files.readAllLines(STATUS)) {
      if (line.startsWith(EFFECTIVE)) {
        long rights = Long.parseUnsignedLong(line.substring(EFFECTIVE.length()).strip(), 16);
        return (rights >>> ADMINISTRATION & 1) == 1;
      }
    }
    return false;
  }
}
