// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The processes of this machine, by what they were started with.
public final class Processes {
  private static final Path PROC = Path.of("/proc");

  private Processes() {}

  /// Whether a process lives and was started with these words in its command line. Numbers are used
  /// again; the words say that it is still the same one.
  public static boolean isAlive(long pid, String words) {
    return commandLine(pid).contains(words);
  }

  /// The words of a process, joined by blanks; empty when it has gone.
  private static String commandLine(long pid) {
    try {
      byte[] bytes = Files.readAllBytes(PROC.resolve(pid + "/cmdline"));
      return new String(bytes, StandardCharsets.UTF_8).replace('\0', ' ');
    } catch (IOException gone) {
      return "";
    }
  }

  /// Every process but this one whose command line contains the words.
  public static List<Long> startedWith(String words) throws IOException {
    List<Long> found = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(PROC, "[0-9]*")) {
      for (Path each : all) {
        long pid = Long.parseLong(String.valueOf(each.getFileName()));
        if (pid != ProcessHandle.current().pid() && isAlive(pid, words)) {
          found.add(pid);
        }
      }
    }
    return found;
  }

  /// Ends a process at once.
  public static void kill(long pid) {
    Optional<ProcessHandle> process = ProcessHandle.of(pid);
    process.ifPresent(ProcessHandle::destroyForcibly);
  }

  /// Ends a process and all that it has started, at once.
  public static void killTree(long pid) {
    Optional<ProcessHandle> process = ProcessHandle.of(pid);
    process.ifPresent(
        each -> {
          each.descendants().forEach(ProcessHandle::destroyForcibly);
          each.destroyForcibly();
        });
  }

  /// The number that a file holds; empty when it is not there or holds none.
  public static Optional<Long> read(Path file) throws IOException {
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    String text = Files.readString(file).strip();
    return text.matches("[0-9]{1,10}") ? Optional.of(Long.parseLong(text)) : Optional.empty();
  }
}
