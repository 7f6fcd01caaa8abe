// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.kernel.Mounts;
import dev.havn.node.kernel.Processes;
import dev.havn.node.kernel.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Process 1 of a pod whose containers share their processes: it takes in orphans and does nothing.
///
/// @param here the folder of the pod's namespaces; `first` in it has the number of its parent
record FirstProcess(Path here) {
  private static final int LOOKS_MAX = 200;
  private static final String READY = "ready";

  /// As process 1 it must reap what nobody waits for.
  private static final String WAIT =
      """
      echo ready
      exec >/dev/null 2>&1
      trap 'exit 0' TERM INT
      while :; do sleep 86400 & wait; done
      """;

  /// Containers look at process 1, and one with the capability `SYS_PTRACE` does with it what it
  /// likes: so it sees no more than programs, reaches no network, knows no variables, and may do
  /// nothing. What is mounted is seen by it alone; every machine has a `/tmp`.
  private static final String HIDE =
      """
      set -e
      mount -t tmpfs -o mode=755,size=64k tmpfs /tmp
      for name in usr bin sbin lib lib32 lib64 libx32 nix gnu; do
        if [ -L "/$name" ]; then
          ln -s "$(readlink "/$name")" "/tmp/$name"
        elif [ -d "/$name" ]; then
          mkdir "/tmp/$name"
          mount --rbind "/$name" "/tmp/$name"
        fi
      done
      mkdir /tmp/proc /tmp/dev /tmp/old
      : > /tmp/dev/null
      mount --bind /dev/null /tmp/dev/null
      mount -t proc proc /tmp/proc
      cd /tmp
      pivot_root . old
      cd /
      umount -l /old
      umount -l /proc
      exec env -i "PATH=$PATH" setpriv --reuid 65534 --regid 65534 --clear-groups \
        --inh-caps=-all --bounding-set=-all --no-new-privs --pdeathsig KILL sh -c "$1" sh
      """;

  /// Namespaces of its own, in which there is nothing.
  private static final List<String> APART =
      List.of("--pid", "--fork", "--kill-child", "--mount", "--net", "--ipc", "--uts");

  /// Starts it anew and lets a file hold its namespace.
  ///
  /// @param users a file that holds the user namespace it belongs to; empty for the machine's
  void ensure(Path file, Optional<Path> users) throws IOException {
    List<String> words = new ArrayList<>(List.of("setsid"));
    users.ifPresent(each -> words.addAll(List.of("nsenter", "--user=" + each)));
    words.add("unshare");
    words.addAll(APART);
    // By the folder it is known again.
    words.addAll(List.of("sh", "-c", HIDE, "sh", WAIT, here.toString()));
    end();
    Files.deleteIfExists(said());
    Program.must(
        List.of(
            "sh",
            "-c",
            "%s</dev/null >'%s' 2>&1 & echo $! > '%s'"
                .formatted(Conmon.quote(words), said(), parent())));
    String answer = "";
    for (int look = 0; !answer.equals(READY); look++) {
      if (look == LOOKS_MAX) {
        end();
        throw new IOException("the processes of the pod cannot be shared: " + answer);
      }
      Pause.brief();
      answer = Files.exists(said()) ? Files.readString(said()).strip() : "";
    }
    Files.deleteIfExists(file);
    Files.createFile(file);
    long pid = Processes.read(parent()).orElseThrow(() -> new IOException("no " + parent()));
    Mounts.bind(Path.of("/proc", "" + pid, "ns", "pid_for_children"), file);
  }

  private Path parent() {
    return here.resolve("first");
  }

  private Path said() {
    return here.resolve("said");
  }

  /// Ends it and all whose first it is.
  void end() throws IOException {
    Optional<Long> pid = Processes.read(parent());
    if (pid.isPresent() && Processes.isAlive(pid.get(), here.toString())) {
      // Its child ends with it; no other signal is taken from it.
      Processes.kill(pid.get());
    }
  }
}
