// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.havn.node.kernel.ProcessIdentity;
import dev.havn.node.kernel.Processes;
import dev.havn.node.kernel.Program;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import dev.havn.node.runtime.ContainerRuntime.Streams;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A command in the namespaces of a container that is plain processes.
///
/// @param home of the container
record ProcessExec(Path home, boolean rootless) {
  private static final ObjectMapper JSON = new ObjectMapper();

  int run(List<String> command, boolean tty, Streams streams, Duration timeout) {
    try {
      JsonNode process = JSON.readTree(home.resolve("process.json").toFile());
      Map<String, String> environment = new LinkedHashMap<>();
      for (JsonNode each : process.path("env")) {
        String[] parts = each.asText().split("=", 2);
        environment.put(parts[0], parts[1]);
      }
      List<String> words = new ArrayList<>();
      join(process.path("user")).forEach(words::add);
      words.add("--");
      words.addAll(command);
      return Exec.run(tty ? Exec.onTerminal(words) : words, environment, streams, timeout);
    } catch (IOException e) {
      throw new StartException("ExecError", "exec: " + e.getMessage(), e);
    }
  }

  private Optional<ProcessIdentity> first() throws IOException {
    return ProcessIdentity.read(home.resolve("pid")).filter(ProcessIdentity::isAlive);
  }

  private static List<String> enter(ProcessIdentity first) throws IOException {
    return List.of(
        Program.find("nsenter"), "--target", "" + first.pid(), "--mount", "--pid", "--uts");
  }

  /// Ends commands that a server before this one ran: nobody hears them any more.
  void endAll() throws IOException {
    Optional<ProcessIdentity> first = first();
    if (first.isPresent()) {
      for (long pid : Processes.startedWith(String.join(" ", enter(first.get())))) {
        Processes.killTree(pid);
      }
    }
  }

  private List<String> join(JsonNode user) throws IOException {
    ProcessIdentity first =
        first().orElseThrow(() -> new IOException("the container does not run"));
    List<String> words = new ArrayList<>();
    if (!rootless) {
      words.addAll(ProcessScripts.groups(user));
    }
    words.addAll(enter(first));
    if (rootless) {
      words.addAll(List.of("--user", "--preserve-credentials"));
    } else if (user.path("uid").asLong() != 0) {
      words.add("--setuid=" + user.path("uid").asLong());
    }
    words.addAll(List.of("--root", "--wd"));
    return words;
  }
}
