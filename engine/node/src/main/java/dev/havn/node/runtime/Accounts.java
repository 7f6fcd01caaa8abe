// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.runtime.ContainerRuntime.StartException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Users and groups as an image's own files name them, and the capabilities this process may give.
final class Accounts {
  private static final List<String> NAMES =
      List.of(
          "CHOWN",
          "DAC_OVERRIDE",
          "DAC_READ_SEARCH",
          "FOWNER",
          "FSETID",
          "KILL",
          "SETGID",
          "SETUID",
          "SETPCAP",
          "LINUX_IMMUTABLE",
          "NET_BIND_SERVICE",
          "NET_BROADCAST",
          "NET_ADMIN",
          "NET_RAW",
          "IPC_LOCK",
          "IPC_OWNER",
          "SYS_MODULE",
          "SYS_RAWIO",
          "SYS_CHROOT",
          "SYS_PTRACE",
          "SYS_PACCT",
          "SYS_ADMIN",
          "SYS_BOOT",
          "SYS_NICE",
          "SYS_RESOURCE",
          "SYS_TIME",
          "SYS_TTY_CONFIG",
          "MKNOD",
          "LEASE",
          "AUDIT_WRITE",
          "AUDIT_CONTROL",
          "SETFCAP",
          "MAC_OVERRIDE",
          "MAC_ADMIN",
          "SYSLOG",
          "WAKE_ALARM",
          "BLOCK_SUSPEND",
          "AUDIT_READ",
          "PERFMON",
          "BPF",
          "CHECKPOINT_RESTORE");

  /// Of what an image may bring, as large as it likes, to be looked through.
  private static final int BYTES_MAX = 4 << 20;

  private Accounts() {}

  /// User and group of a name or number.
  static long[] user(Path rootfs, String user) {
    for (String[] line : lines(rootfs, "etc/passwd")) {
      if (line.length > 3
          && line[3].matches("[0-9]{1,10}")
          && (line[0].equals(user) || line[2].equals(user))) {
        return new long[] {Long.parseLong(line[2]), Long.parseLong(line[3])};
      }
    }
    if (user.matches("[0-9]{1,10}")) {
      return new long[] {Long.parseLong(user), 0};
    }
    throw new StartException(
        "CreateContainerError",
        "unable to find user " + user + ": no matching entries in passwd file",
        null);
  }

  static long group(Path rootfs, String group) {
    for (String[] line : lines(rootfs, "etc/group")) {
      if (line.length > 2 && (line[0].equals(group) || line[2].equals(group))) {
        return Long.parseLong(line[2]);
      }
    }
    if (group.matches("[0-9]{1,10}")) {
      return Long.parseLong(group);
    }
    throw new StartException(
        "CreateContainerError",
        "unable to find group " + group + ": no matching entries in group file",
        null);
  }

  /// The groups an image puts a user into.
  static List<Long> groupsOf(Path rootfs, long uid) {
    String name = "";
    for (String[] line : lines(rootfs, "etc/passwd")) {
      if (line.length > 2 && line[2].equals(String.valueOf(uid))) {
        name = line[0];
      }
    }
    List<Long> groups = new ArrayList<>();
    for (String[] line : lines(rootfs, "etc/group")) {
      if (line.length > 3 && !name.isEmpty() && List.of(line[3].split(",")).contains(name)) {
        groups.add(Long.parseLong(line[2]));
      }
    }
    return groups;
  }

  private static List<String[]> lines(Path rootfs, String file) {
    Path path = rootfs.resolve(file);
    if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
      return List.of();
    }
    try {
      if (Files.size(path) > BYTES_MAX) {
        throw new StartException(
            "CreateContainerError",
            "/%s of the image has more than %d bytes".formatted(file, BYTES_MAX),
            null);
      }
      // Names need not be UTF-8; numbers that are none belong to nobody.
      return Files.readAllLines(path, StandardCharsets.ISO_8859_1).stream()
          .map(line -> line.split(":", -1))
          .filter(line -> line.length > 2 && line[2].matches("[0-9]{1,10}"))
          .toList();
    } catch (IOException e) {
      throw new StartException(
          "CreateContainerError", "/" + file + " of the image: " + e.getMessage(), e);
    }
  }

  /// The capabilities in this process's bounding set: nobody can be given more.
  static List<String> allCapabilities() {
    long bounding = -1;
    try {
      for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
        if (line.startsWith("CapBnd:")) {
          bounding = Long.parseUnsignedLong(line.substring(7).strip(), 16);
        }
      }
    } catch (IOException e) {
      throw new StartException("CreateContainerError", "/proc/self/status: " + e.getMessage(), e);
    }
    List<String> all = new ArrayList<>();
    for (int i = 0; i < NAMES.size(); i++) {
      if ((bounding >> i & 1) == 1) {
        all.add("CAP_" + NAMES.get(i));
      }
    }
    return all;
  }
}
