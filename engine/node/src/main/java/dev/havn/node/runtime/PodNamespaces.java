// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.kernel.Program;
import dev.havn.node.runtime.ContainerRuntime.PodPlace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// What the containers of a pod share besides the network: IPC, host name and, when the pod asks
/// for it, processes. Namespaces are held by files in a folder that a restart of the machine
/// empties; that of processes also by a first process, which takes in orphans and does nothing.
final class PodNamespaces {
  /// As process 1 it must reap what nobody waits for.
  private static final String FIRST_PROCESS =
      "trap 'exit 0' TERM INT; while :; do sleep 86400 & wait; done";

  private static final int LOOKS_MAX = 200;
  private static final List<String> KINDS = List.of("ipc", "uts", "pid");
  private static final String DEVICE = "unix:dev";

  private final Path folder;

  PodNamespaces(Path folder) {
    this.folder = folder;
  }

  /// Makes what is missing.
  void ensure(PodPlace place) throws IOException {
    Path here = Files.createDirectories(folder.resolve(place.uid()));
    List<String> command = new ArrayList<>(List.of("unshare"));
    if (!place.sharing().hostIpc()) {
      hold(here, "ipc", command);
    }
    if (!place.sharing().hostNetwork()) {
      hold(here, "uts", command);
    }
    if (command.size() > 1) {
      command.add(Program.find("true"));
      Program.must(command);
    }
    if (place.sharing().sharedProcesses() && !place.sharing().hostProcesses()) {
      holdProcesses(here);
    }
  }

  /// Adds to the command what makes a namespace that is not there.
  private static void hold(Path here, String kind, List<String> command) throws IOException {
    Path file = here.resolve(kind);
    if (!isHeld(file)) {
      Files.deleteIfExists(file);
      Files.createFile(file);
      command.add("--" + kind + "=" + file);
    }
  }

  private static void holdProcesses(Path here) throws IOException {
    Path file = here.resolve("pid");
    if (isHeld(file)) {
      return;
    }
    Files.deleteIfExists(file);
    Files.createFile(file);
    String start =
        "setsid unshare --pid='%s' --fork --kill-child sh -c \"%s\" </dev/null >/dev/null 2>&1 & echo $! > '%s'"
            .formatted(file, FIRST_PROCESS, here.resolve("first"));
    Program.must(List.of("sh", "-c", start));
    for (int look = 0; !isHeld(file); look++) {
      if (look == LOOKS_MAX) {
        throw new IOException("the processes of the pod cannot be shared: no namespace in " + file);
      }
      Pause.brief();
    }
  }

  /// Whether a namespace is mounted there: it is on another device than the folder around it.
  private static boolean isHeld(Path file) throws IOException {
    return Files.exists(file)
        && !Files.getAttribute(file, DEVICE).equals(Files.getAttribute(file.getParent(), DEVICE));
  }

  /// By kind: the path to join, empty for a namespace of the container's own.
  Map<String, String> of(PodPlace place) {
    Path here = folder.resolve(place.uid());
    Map<String, String> paths = new LinkedHashMap<>();
    if (!place.sharing().hostProcesses()) {
      paths.put("pid", place.sharing().sharedProcesses() ? here.resolve("pid").toString() : "");
    }
    if (!place.sharing().hostIpc()) {
      paths.put("ipc", here.resolve("ipc").toString());
    }
    if (!place.sharing().hostNetwork()) {
      paths.put("uts", here.resolve("uts").toString());
    }
    return paths;
  }

  void remove(String uid) throws IOException {
    Path here = folder.resolve(uid);
    if (!Files.isDirectory(here)) {
      return;
    }
    Path first = here.resolve("first");
    if (Files.exists(first)) {
      Program.run(List.of("kill", Files.readString(first).strip()));
    }
    List<String> held = new ArrayList<>(List.of("umount"));
    for (String kind : KINDS) {
      Path file = here.resolve(kind);
      if (Files.exists(file)) {
        held.add(file.toString());
      }
    }
    if (held.size() > 1) {
      Program.run(held);
    }
    for (String kind : KINDS) {
      Files.deleteIfExists(here.resolve(kind));
    }
    Files.deleteIfExists(first);
    Files.delete(here);
  }

  void removeAll() throws IOException {
    if (!Files.isDirectory(folder)) {
      return;
    }
    try (Stream<Path> pods = Files.list(folder)) {
      for (Path pod : pods.toList()) {
        remove(String.valueOf(pod.getFileName()));
      }
    }
    Files.delete(folder);
  }
}
