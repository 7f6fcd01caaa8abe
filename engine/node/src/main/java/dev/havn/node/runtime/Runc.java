// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.havn.node.kernel.Cgroups;
import dev.havn.node.kernel.Processes;
import dev.havn.node.kernel.Program;
import dev.havn.node.kernel.Tree;
import dev.havn.node.runtime.ContainerRuntime.Resources;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The program runc, or crun in its place, with a state folder of its own, so that each node of
/// each cluster sees only its containers. A container is told by the program that has made it,
/// whatever makes new ones now. It may hang, as where a disk does: each call has its time, and when
/// one after another hangs, the node says so. For many threads.
final class Runc {
  /// What is asked of it takes tens of milliseconds, on a machine that is busy some seconds.
  static final Duration WITHIN = Duration.ofSeconds(30);

  private static final Logger LOG = LoggerFactory.getLogger(Runc.class);
  private static final ObjectMapper JSON = new ObjectMapper();

  /// One container that it hangs at is no reason to have none; so many calls in a row are.
  private static final int HANGS_MAX = 3;

  private static final String EXEC = "exec";

  private final Path run;
  private final OciProgram program;
  private final Duration within;
  private final Predicate<OciProgram> installed;
  private final AtomicInteger hangs = new AtomicInteger();
  private volatile String last = "";

  /// @param run a folder that a restart of the machine empties; what a program knows of its
  ///   containers is in the folder of its name, one for each
  /// @param program that makes containers
  /// @param within what each call may take
  Runc(Path run, OciProgram program, Duration within) {
    this(run, program, within, each -> Program.missing(List.of(each.word())).isEmpty());
  }

  /// @param installed whether a program is on this machine
  Runc(Path run, OciProgram program, Duration within, Predicate<OciProgram> installed) {
    this.run = run;
    this.program = program;
    this.within = within;
    this.installed = installed;
  }

  /// That makes containers.
  OciProgram program() {
    return program;
  }

  /// Of files that say what commands in containers are.
  Path commands() {
    return run.resolve("commands");
  }

  /// Of the program that makes containers.
  Path state() {
    return state(program);
  }

  private Path state(OciProgram of) {
    return run.resolve(of.word());
  }

  /// The program that a container was made with.
  OciProgram programOf(String containerId) {
    for (OciProgram each : OciProgram.values()) {
      if (Files.isDirectory(state(each).resolve(containerId))) {
        return each;
      }
    }
    return program;
  }

  private List<String> command(OciProgram of, String... words) {
    List<String> command = new ArrayList<>(List.of(of.word(), "--root", state(of).toString()));
    command.addAll(List.of(words));
    return command;
  }

  private Program.Result run(OciProgram of, String... words) throws IOException {
    try {
      Program.Result result = Program.run(command(of, words), "", within);
      hangs.set(0);
      return result;
    } catch (Program.HangException e) {
      hangs.incrementAndGet();
      last = of.word() + " " + String.join(" ", words);
      throw e;
    }
  }

  private String must(OciProgram of, String... words) throws IOException {
    Program.Result result = run(of, words);
    if (!result.ok()) {
      throw new IOException(String.join(" ", command(of, words)) + ": " + result.output());
    }
    return result.output();
  }

  /// Why no containers can be expected of it, in a kubelet's words.
  List<String> problems() {
    return hangs.get() < HANGS_MAX
        ? List.of()
        : List.of(
            "container runtime is down: %s does not end within %d s"
                .formatted(last, within.toSeconds()));
  }

  /// Asks it something where one call after another has hung: else nobody finds out that it answers
  /// again.
  void tryAgain() {
    if (!problems().isEmpty()) {
      try {
        LOG.info("{} answers again, it knows {} containers", program.word(), list().size());
      } catch (IOException e) {
        LOG.debug("{} still does not answer: {}", program.word(), e.getMessage());
      }
    }
  }

  /// Gives a container that runs other bounds.
  ///
  /// @param group the control group of its processes
  /// @throws StartException in its words
  void update(String containerId, String group, Resources bounds) {
    OciProgram of = programOf(containerId);
    boolean lifted = of == OciProgram.CRUN && bounds.cpuQuotaMicros() == 0;
    try {
      String unused =
          must(of, RuncUpdate.words(containerId, bounds, !lifted, Cgroups.abilities().swap()));
      if (lifted) {
        Cgroups.write(group, RuncUpdate.withoutQuota(Cgroups.areUnified()));
      }
    } catch (IOException e) {
      throw new StartException("ResizeError", "resize: " + e.getMessage(), e);
    }
  }

  void start(String containerId) throws IOException {
    String unused = must(programOf(containerId), "start", containerId);
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
    Program.Result result = run(programOf(containerId), "kill", containerId, signal);
    if (!result.ok()) {
      LOG.info("{} of {}: {}", signal, containerId, result.output());
    }
  }

  /// Ends a container; if need be without the program.
  ///
  /// @param group the control group of its processes
  void kill(String containerId, String group) {
    try {
      if (isTakenAway(programOf(containerId))) {
        Cgroups.kill(group);
        return;
      }
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

  /// Ends a container's processes and forgets it; one that it does not know is none to it. That of
  /// a program that is not here any more goes without it.
  ///
  /// @param group the control group of its processes
  void delete(String containerId, String group) throws IOException {
    OciProgram of = programOf(containerId);
    if (isTakenAway(of)) {
      Cgroups.kill(group);
      Tree.delete(state(of).resolve(containerId));
    } else {
      String unused = must(of, "delete", "--force", containerId);
    }
  }

  /// The words that run a command in a container, on its terminal or on none.
  ///
  /// @param process a file with all that the specification has of the command; who has made it
  ///   removes it when the command has ended
  List<String> exec(String containerId, CommandFile process) throws IOException {
    OciProgram of = programOf(containerId);
    List<String> words = command(of, EXEC);
    if (of == OciProgram.CRUN) {
      // Words alone it runs as root, whoever the container's processes are.
      words.addAll(List.of("--process", process.write().toString(), containerId));
      return words;
    }
    if (process.tty()) {
      words.add("-t");
    }
    words.add(containerId);
    words.addAll(process.command());
    return words;
  }

  /// What is known: `created`, `running` or `stopped` by container. What a program knows that is
  /// not here any more is not.
  Map<String, String> list() throws IOException {
    Map<String, String> states = new TreeMap<>();
    for (OciProgram each : OciProgram.values()) {
      if (each == program || (!made(each).isEmpty() && !isTakenAway(each))) {
        for (JsonNode one : JSON.readTree(must(each, "list", "--format", "json"))) {
          states.put(one.path("id").asText(), one.path("status").asText());
        }
      }
    }
    return states;
  }

  /// Tells of containers whose program was taken away: they go on, and nothing can be done with
  /// them but to end them.
  void tellOfStrangers() throws IOException {
    for (OciProgram each : OciProgram.values()) {
      List<String> made = made(each);
      if (isTakenAway(each) && !made.isEmpty()) {
        LOG.warn(
            "{} is not installed, with which {} containers were made that are still there, such as {}:"
                + " they go on, but no command runs in them and their limits do not change until it is"
                + " installed again; or delete their pods",
            each.word(),
            made.size(),
            made.getFirst());
      }
    }
  }

  /// The one that makes containers is said to be missing wherever it is needed.
  private boolean isTakenAway(OciProgram of) {
    return of != program && !installed.test(of);
  }

  /// The containers of a program that it still knows. Its folder is there until the machine starts
  /// anew.
  private List<String> made(OciProgram of) throws IOException {
    if (!Files.isDirectory(state(of))) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(state(of))) {
      return all.filter(Files::isDirectory)
          .map(each -> String.valueOf(each.getFileName()))
          .sorted()
          .toList();
    }
  }

  /// Ends commands that a server before this one ran in containers. Nobody hears them any more, and
  /// who gave them their time is gone: a probe that hangs would stay for ever. So would their
  /// files.
  void endCommands() throws IOException {
    for (OciProgram each : OciProgram.values()) {
      for (long pid : Processes.startedWith(String.join(" ", command(each, EXEC, "")))) {
        Processes.killTree(pid);
      }
    }
    if (Files.exists(commands())) {
      Tree.delete(commands());
    }
  }
}
