// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.kernel.KernelVersion;
import dev.havn.node.kernel.Mounts;
import dev.havn.node.kernel.Program;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// A process that does nothing in namespaces made for it, until something else holds them. What is
/// made inside a user namespace belongs to it: its root may do there what root may.
final class NamespaceHolder implements AutoCloseable {
  private static final Path NAMESPACES_MAX = Path.of("/proc/sys/user/max_user_namespaces");
  private static final int END_SECONDS_MAX = 10;

  private final Process process;

  private NamespaceHolder(Process process) {
    this.process = process;
  }

  /// Whether the machine makes user namespaces, and file systems in memory and overlays can have
  /// other owners (Linux 6.3): volumes of Secrets and tokens are such.
  static boolean arePossible() {
    return KernelVersion.ofMachine().isAtLeast(6, 3) && namespacesMax() > 0;
  }

  private static long namespacesMax() {
    try {
      return Long.parseLong(Files.readString(NAMESPACES_MAX).strip());
    } catch (IOException | NumberFormatException e) {
      return 0;
    }
  }

  /// A user namespace that maps nobody yet.
  static NamespaceHolder ofUsers() throws IOException {
    return start(List.of("unshare", "--user"));
  }

  /// @param users a file that holds a user namespace
  /// @param kind of namespace as `unshare` calls it, such as `net`
  static NamespaceHolder within(Path users, String kind) throws IOException {
    return start(List.of("nsenter", "--user=" + users, "unshare", "--" + kind));
  }

  private static NamespaceHolder start(List<String> command) throws IOException {
    List<String> words = new ArrayList<>(command);
    // It ends when this process does.
    words.addAll(List.of("sh", "-c", "echo; read -r _"));
    NamespaceHolder holder =
        new NamespaceHolder(Program.builder(words).redirectErrorStream(true).start());
    @Nullable String said = holder.process.inputReader().readLine();
    if (said == null || !said.isEmpty()) {
      holder.close();
      throw new IOException("no namespace by " + String.join(" ", command) + ": " + said);
    }
    return holder;
  }

  long pid() {
    return process.pid();
  }

  /// Says whose ids those in its user namespace are.
  ///
  /// @param first of as many as a pod has
  void map(long first) throws IOException {
    for (String kind : List.of("uid_map", "gid_map")) {
      String line = "0 %d %d".formatted(first, UserRanges.IDS);
      Files.writeString(Path.of("/proc", "" + pid(), kind), line);
    }
  }

  /// Lets a file hold a namespace.
  ///
  /// @param kind as in `/proc/PID/ns`
  void hold(String kind, Path file) throws IOException {
    Files.deleteIfExists(file);
    Files.createFile(file);
    Mounts.bind(Path.of("/proc", "" + pid(), "ns", kind), file);
  }

  @Override
  public void close() throws IOException {
    process.getOutputStream().close();
    try {
      if (!process.waitFor(END_SECONDS_MAX, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    }
  }
}
