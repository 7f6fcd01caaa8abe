// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.havn.node.kernel.Processes;
import dev.havn.node.kernel.Program;
import dev.havn.node.runtime.ContainerRuntime.ContainerSpec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/// The program conmon: a container's parent, which keeps its log, its exit code and the socket to
/// attach to.
///
/// @param folders where it leaves what it keeps
record Conmon(ContainerFolders folders, Runc runc) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int PID_LOOKS_MAX = 1_000;
  private static final String REOPEN_LOG = "2 0 0\n";

  /// Creates a container and waits until it can be started. Conmon says by its sync pipe, here a
  /// file, that it is there or what the program that makes it had to say. It leaves a file `oom`
  /// where it was started when its container has used too much memory.
  void create(Path home, String containerId, ContainerSpec spec) throws IOException {
    Path errors = home.resolve("conmon.log");
    Path sync = home.resolve("sync");
    Program.Result result =
        Program.run(
            List.of(
                "sh",
                "-c",
                "cd %s; _OCI_SYNCPIPE=3 %s >/dev/null 2>'%s' 3>'%s'"
                    .formatted(
                        quote(List.of(home.toString())),
                        quote(command(home, containerId, spec)),
                        errors,
                        sync)));
    if (!result.ok()) {
      throw new IOException(Files.readString(errors).strip());
    }
    for (int look = 0; !Files.readString(sync).endsWith("\n"); look++) {
      if (look == PID_LOOKS_MAX) {
        for (long pid : Processes.startedWith(containerId)) {
          Processes.killTree(pid);
        }
        throw new IOException(
            runc.program().word() + " create does not end: " + Files.readString(errors).strip());
      }
      Pause.brief();
    }
    JsonNode said = JSON.readTree(sync.toFile());
    if (said.path("data").asInt(-1) < 0) {
      throw new IOException(message(said.path("message").asText()));
    }
  }

  /// Without the frame of runc's log; crun's words have none.
  private static String message(String text) {
    return text.strip().replaceAll("(?s)^.*level=error msg=\"(.*)\"$", "$1").replace("\\\"", "\"");
  }

  private List<String> command(Path home, String containerId, ContainerSpec spec)
      throws IOException {
    List<String> command = new ArrayList<>(List.of("conmon", "--api-version", "1"));
    command.addAll(List.of("-c", containerId, "-u", containerId, "-n", spec.name()));
    command.addAll(List.of("-r", Program.find(runc.program().word())));
    command.add("--runtime-arg=--root=" + runc.state());
    command.addAll(List.of("-b", home.toString(), "-p", home.resolve("pid").toString()));
    command.addAll(List.of("--conmon-pidfile", home.resolve("parent").toString()));
    command.addAll(List.of("--exit-dir", folders.exits().toString()));
    command.addAll(List.of("--persist-dir", home.toString()));
    command.addAll(List.of("-l", "k8s-file:" + home.resolve("log")));
    command.addAll(List.of("--full-attach", "--log-level", "error"));
    if (spec.terminal().tty()) {
      command.add("-t");
    }
    if (spec.terminal().stdin()) {
      command.add("-i");
      if (!spec.terminal().once()) {
        command.add("--leave-stdin-open");
      }
    }
    return command;
  }

  /// Words for a shell.
  static String quote(List<String> words) {
    StringBuilder line = new StringBuilder();
    words.forEach(word -> line.append('\'').append(word.replace("'", "'\\''")).append("' "));
    return line.toString();
  }

  /// Makes it write to a new log where the old one was. Who opens a pipe only to write waits until
  /// somebody reads it, for ever when conmon has just ended; who opens it for both does not.
  static void reopenLog(Path home) throws IOException {
    try (FileChannel pipe =
        FileChannel.open(home.resolve("ctl"), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      int unused = pipe.write(ByteBuffer.wrap(REOPEN_LOG.getBytes(StandardCharsets.US_ASCII)));
    }
  }

  /// Whether a container's conmon lives; empty words of a process that never was are no life.
  static boolean isAlive(Path home, String containerId) throws IOException {
    return Processes.read(home.resolve("parent"))
        .filter(pid -> Processes.isAlive(pid, containerId))
        .isPresent();
  }

  /// Gives a conmon time to note how its container ended, and ends it then.
  static void awaitEnd(long pid, String containerId) throws IOException {
    for (int look = 0; Processes.isAlive(pid, containerId); look++) {
      if (look == Pause.LOOKS_MAX) {
        Processes.kill(pid);
        return;
      }
      Pause.brief();
    }
  }

  /// Ends those that hang: their containers are gone already.
  void killAll() throws IOException {
    for (long pid : Processes.startedWith("--exit-dir " + folders.exits())) {
      Processes.kill(pid);
    }
  }
}
