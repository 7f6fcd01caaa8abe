// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// Programs of other processors, which the kernel hands to an interpreter such as qemu's
/// (binfmt_misc). Only one with the flag F is found in containers: it was opened when it was
/// registered, others are looked for among the container's files.
///
/// @param registered where the kernel tells of interpreters
public record ForeignPrograms(Path registered) {
  /// What an interpreter's magic says at these places of a program's header: the class, the order
  /// of bytes and the machine of ELF, in hexadecimal digits.
  private static final Map<String, String> HEADERS =
      Map.of(
          "amd64", "02013e00",
          "arm", "01012800",
          "arm64", "0201b700",
          "ppc64le", "02011500",
          "riscv64", "0201f300",
          "s390x", "02020016");

  /// All that may run here.
  public static final Set<String> ARCHITECTURES = HEADERS.keySet();

  private static final String ELF = "7f454c46";
  private static final int CLASS_AT = 8;
  private static final int MACHINE_AT = 36;
  private static final int END = 40;
  private static final Set<String> CONTROLS = Set.of("register", "status");

  /// Of this machine.
  public static ForeignPrograms ofMachine() {
    return new ForeignPrograms(Path.of("/proc/sys/fs/binfmt_misc"));
  }

  /// Why programs of an architecture do not run in containers; empty when they do.
  ///
  /// @param architecture as images name it
  public Optional<String> refusal(String architecture) {
    @Nullable String header = HEADERS.get(architecture);
    if (header == null) {
      return Optional.of("no program for it is known, only for " + new TreeSet<>(ARCHITECTURES));
    }
    boolean isThere = false;
    try (DirectoryStream<Path> all = Files.newDirectoryStream(registered)) {
      for (Path each : all) {
        if (!CONTROLS.contains(String.valueOf(each.getFileName()))) {
          List<String> lines = Files.readAllLines(each);
          boolean fits = lines.contains("enabled") && header.equals(header(lines));
          if (fits && lines.stream().anyMatch(line -> line.matches("flags: .*F.*"))) {
            return Optional.empty();
          }
          isThere |= fits;
        }
      }
    } catch (IOException e) {
      return Optional.of(registered + " cannot be read: " + e);
    }
    return Optional.of(
        isThere
            ? "the interpreter in %s lacks the flag F, without which it is not found in containers"
                .formatted(registered)
            : "no interpreter for it is enabled in %s: apt-get install qemu-user-static"
                .formatted(registered));
  }

  /// Of the programs that an interpreter is for; empty for those that are not of ELF.
  private static String header(List<String> lines) {
    for (String line : lines) {
      String magic = line.startsWith("magic ") ? line.substring(6).strip() : "";
      if (magic.startsWith(ELF) && magic.length() >= END && lines.contains("offset 0")) {
        return magic.substring(CLASS_AT, CLASS_AT + 4) + magic.substring(MACHINE_AT, END);
      }
    }
    return "";
  }
}
