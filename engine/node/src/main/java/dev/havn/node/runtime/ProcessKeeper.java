// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.kernel.Processes;
import dev.havn.node.kernel.Program;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;

/// The parents of containers that are plain processes: `keeper.sh`, one for each container.
record ProcessKeeper(ContainerFolders folders) {
  private static final String SCRIPT = "keeper.sh";

  private Path script() {
    return folders.folder().resolve(SCRIPT);
  }

  /// Puts into a container's folder what its parent needs.
  void write(Path home, ProcessScripts scripts) throws IOException {
    try (InputStream in = ProcessKeeper.class.getResourceAsStream(SCRIPT)) {
      if (in == null) {
        throw new IllegalStateException("the jar lacks " + SCRIPT);
      }
      // A shell reads its script as it goes: those that run keep the file they began with.
      Path fresh = Files.createTempFile(folders.folder(), SCRIPT, ".new");
      Files.write(fresh, in.readAllBytes());
      Files.move(fresh, script(), StandardCopyOption.ATOMIC_MOVE);
    }
    Files.writeString(home.resolve("outside.sh"), scripts.outside());
    Files.writeString(home.resolve("inside.sh"), scripts.inside());
    Files.writeString(
        home.resolve("process.json"), scripts.process().toString(), StandardCharsets.UTF_8);
    if (scripts.spec().terminal().stdin()) {
      Program.must(List.of("mkfifo", home.resolve("stdin").toString()));
    }
    if (scripts.spec().terminal().once()) {
      Files.createFile(home.resolve("once"));
    }
  }

  /// Starts a container and waits until it is what it shall be.
  void launch(Path home, String containerId) throws IOException {
    Path errors = home.resolve("keeper.log");
    String command =
        Conmon.quote(
            List.of(
                "setsid",
                "sh",
                script().toString(),
                home.toString(),
                folders.exit(containerId).toString()));
    Program.must(
        List.of(
            "sh",
            "-c",
            "PATH=\"$PATH:/usr/sbin:/sbin\" "
                + command
                + "</dev/null >/dev/null 2>'"
                + errors
                + "' &"));
    for (int look = 0; !Files.exists(home.resolve("started")); look++) {
      boolean ended = folders.hasEnded(containerId) && !Files.exists(home.resolve("started"));
      if (ended || look == Pause.LOOKS_MAX) {
        throw new IOException(
            text(home.resolve("setup.log")) + text(home.resolve("err")) + text(errors));
      }
      Pause.brief();
    }
  }

  private static String text(Path file) throws IOException {
    return Files.exists(file) ? Files.readString(file).strip().replace('\n', ' ') : "";
  }

  private static Optional<Long> find(Path home, String containerId) throws IOException {
    return Processes.read(home.resolve("parent"))
        .filter(pid -> Processes.isAlive(pid, containerId));
  }

  boolean isAlive(Path home, String containerId) throws IOException {
    return find(home, containerId).isPresent();
  }

  /// Asks a parent to give its container no more input.
  static void endInput(Path home) throws IOException {
    Optional<Long> pid = Processes.read(home.resolve("parent"));
    if (pid.isPresent()) {
      Program.run(List.of("kill", "-USR1", String.valueOf(pid.get())));
    }
  }

  /// Gives a parent time to note how its container ended, and ends it then.
  void awaitEnd(Path home, String containerId) throws IOException {
    Optional<Long> parent = find(home, containerId);
    for (int look = 0; parent.isPresent() && isAlive(home, containerId); look++) {
      if (look == Pause.LOOKS_MAX) {
        Processes.killTree(parent.get());
        return;
      }
      Pause.brief();
    }
  }

  boolean isAnyAlive() throws IOException {
    return !Processes.startedWith(script().toString()).isEmpty();
  }

  /// Ends every parent of this folder with all that it has started.
  void killAll() throws IOException {
    for (long pid : Processes.startedWith(script().toString())) {
      Processes.killTree(pid);
    }
  }
}
