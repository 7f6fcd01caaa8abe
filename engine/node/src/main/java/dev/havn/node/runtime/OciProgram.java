// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.kernel.Program;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// A program that makes containers as the OCI runtime specification says. They take the same words
/// but for a few, see [Runc].
public enum OciProgram {
  RUNC,
  CRUN;

  /// What their containers need beside them.
  private static final List<String> OTHERS =
      List.of("conmon", "ip", "mount", "umount", "unshare", "nsenter");

  private static final Path CONTROL_GROUPS = Path.of("/sys/fs/cgroup");

  /// Its name as a program, and in `status.nodeInfo.containerRuntimeVersion`.
  String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /// All programs that containers of this one need.
  public List<String> programs() {
    List<String> programs = new ArrayList<>(List.of(word()));
    programs.addAll(OTHERS);
    return programs;
  }

  /// What it needs and has not here, but for root; empty when all is there.
  public List<String> missing() {
    return missing(CONTROL_GROUPS);
  }

  /// @param groups where the hierarchies of control groups are
  List<String> missing(Path groups) {
    List<String> missing = new ArrayList<>(Program.missing(programs()));
    // There where version 1 and version 2 are both mounted.
    Path second = groups.resolve("unified/cgroup.controllers");
    if (this == CRUN && Files.exists(second)) {
      String controllers = read(second);
      if (!controllers.isEmpty()) {
        missing.add(
            "control groups of one version (version 2 has %s beside version 1 here, which runc takes)"
                .formatted(controllers));
      }
    }
    return missing;
  }

  private static String read(Path file) {
    try {
      return Files.readString(file).strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String version() throws IOException {
    return Program.must(List.of(word(), "--version")).split("\\s+")[2];
  }
}
