// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.havn.node.kernel.Cgroups;
import dev.havn.node.kernel.Processes;
import dev.havn.node.kernel.Program;
import dev.havn.node.runtime.ContainerRuntime.Resources;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The program runc with a state folder of its own, so that each node of each cluster sees only its
/// containers. It may hang, as where a disk does: each call has its time, and when one after
/// another hangs, the node says so. For many threads.
final class Runc {
  /// What is asked of it takes tens of milliseconds, on a machine that is busy some seconds.
  static final Duration WITHIN = Duration.ofSeconds(30);

  private static final Logger LOG = LoggerFactory.getLogger(Runc.class);
  private static final ObjectMapper JSON = new ObjectMapper();

  /// One container that it hangs at is no reason to have none; so many calls in a row are.
  private static final int HANGS_MAX = 3;

  private final Path state;
  private final Duration within;
  private final AtomicInteger hangs = new AtomicInteger();
  private volatile String last = "";

  /// @param state a folder that a restart of the machine empties
  /// @param within what each call may take
  Runc(Path state, Duration within) {
    this.state = state;
    this.within = within;
  }

  Path state() {
    return state;
  }

  List<String> command(String... words) {
    List<String> command = new ArrayList<>(List.of("runc", "--root", state.toString()));
    command.addAll(List.of(words));
    return command;
  }

  static String version() throws IOException {
    return Program.must(List.of("runc", "--version")).split("\\s+")[2];
  }

  private Program.Result run(String... words) throws IOException {
    try {
      Program.Result result = Program.run(command(words), "", within);
      hangs.set(0);
      return result;
    } catch (Program.HangException e) {
      hangs.incrementAndGet();
      last = String.join(" ", words);
      throw e;
    }
  }

  String must(String... words) throws IOException {
    Program.Result result = run(words);
    if (!result.ok()) {
      throw new IOException(String.join(" ", command(words)) + ": " + result.output());
    }
    return result.output();
  }

  /// Why no containers can be expected of it, in a kubelet's words.
  List<String> problems() {
    return hangs.get() < HANGS_MAX
        ? List.of()
        : List.of(
            "container runtime is down: runc %s does not end within %d s"
                .formatted(last, within.toSeconds()));
  }

  /// Asks it something where one call after another has hung: else nobody finds out that it answers
  /// again.
  void tryAgain() {
    if (!problems().isEmpty()) {
      try {
        LOG.info("runc answers again, it knows {} containers", list().size());
      } catch (IOException e) {
        LOG.debug("runc still does not answer: {}", e.getMessage());
      }
    }
  }

  /// Gives a container that runs other bounds.
  ///
  /// @throws StartException in its words
  void update(String containerId, Resources bounds) {
    try {
      String unused = must(RuncUpdate.words(containerId, bounds));
    } catch (IOException e) {
      throw new StartException("ResizeError", "resize: " + e.getMessage(), e);
    }
  }

  void start(String containerId) throws IOException {
    String unused = must("start", containerId);
  }

  /// Tells the first process of a container. One that has ended is not told.
  void signal(String containerId, String signal) {
    try {
      tell(containerId, signal);
    } catch (IOException e) {
      LOG.warn("{} of {}: {}", signal, containerId, e.getMessage());
    }
  }

  private void tell(String containerId, String signal) throws IOException {
    Program.Result result = run("kill", containerId, signal);
    if (!result.ok()) {
      LOG.info("{} of {}: {}", signal, containerId, result.output());
    }
  }

  /// Ends a container; if need be without the program.
  ///
  /// @param group the control group of its processes
  void kill(String containerId, String group) {
    try {
      try {
        tell(containerId, "KILL");
      } catch (Program.HangException e) {
        LOG.warn("{}, its processes are killed without it", e.getMessage());
        Cgroups.kill(group);
      }
    } catch (IOException e) {
      LOG.warn("KILL of {}: {}", containerId, e.getMessage());
    }
  }

  /// Ends a container's processes and forgets it; one that it does not know is none to it.
  void delete(String containerId) throws IOException {
    String unused = must("delete", "--force", containerId);
  }

  /// What it knows: `created`, `running` or `stopped` by container.
  Map<String, String> list() throws IOException {
    Map<String, String> states = new TreeMap<>();
    JsonNode list = JSON.readTree(must("list", "--format", "json"));
    for (JsonNode each : list) {
      states.put(each.path("id").asText(), each.path("status").asText());
    }
    return states;
  }

  /// Ends commands that a server before this one ran in containers. Nobody hears them any more, and
  /// who gave them their time is gone: a probe that hangs would stay for ever.
  void endCommands() throws IOException {
    for (long pid : Processes.startedWith(String.join(" ", command("exec", "")))) {
      Processes.killTree(pid);
    }
  }
}
