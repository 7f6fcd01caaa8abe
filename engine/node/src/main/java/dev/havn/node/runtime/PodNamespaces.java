// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.kernel.FolderFlags;
import dev.havn.node.kernel.Mounts;
import dev.havn.node.kernel.NewNamespaces;
import dev.havn.node.runtime.ContainerRuntime.Mount;
import dev.havn.node.runtime.ContainerRuntime.PodPlace;
import dev.havn.reconcile.Closing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// What the containers of a pod share besides the network: IPC, memory by names (`/dev/shm`), host
/// name and, when the pod asks for it, processes and users. Namespaces are held by files in a
/// folder that a restart of the machine empties; that of processes also by a first process, which
/// takes in orphans and does nothing.
final class PodNamespaces {
  private static final String USER = "user";
  private static final String MEMORY = "shm";
  private static final List<String> HELD = List.of("ipc", "uts", "pid", USER, MEMORY);
  private static final int OWNER_ONLY = 0700;

  /// As containerd has it.
  private static final long MEMORY_BYTES = 64L << 20;

  /// Where a container and the machine have theirs.
  private static final Path MEMORY_PLACE = Path.of("/dev/shm");

  private static final String DEVICE = "unix:dev";

  private final Path folder;

  PodNamespaces(Path folder) {
    this.folder = folder;
  }

  /// Makes its folder: a restart of the machine empties what it lies in.
  void open() throws IOException {
    var unused = FolderFlags.makeSpread(folder);
  }

  /// Makes what is missing. Where a pod has users of its own their namespace comes first, for the
  /// others are to be its.
  ///
  /// @param firstUser the machine's id of the pod's root, 0 for the machine's own
  void ensure(PodPlace place, long firstUser) throws IOException {
    Path here = Files.createDirectories(folder.resolve(place.uid()));
    if (firstUser > 0) {
      holdOwn(here, firstUser);
    } else {
      hold(here, place);
    }
    holdMemory(here, place.sharing().hostIpc());
    Path processes = here.resolve("pid");
    boolean shares = place.sharing().sharedProcesses() && !place.sharing().hostProcesses();
    if (shares && !isHeld(processes)) {
      Optional<Path> users = firstUser > 0 ? Optional.of(here.resolve(USER)) : Optional.empty();
      new FirstProcess(here).ensure(processes, users);
    }
  }

  private static void holdOwn(Path here, long firstUser) throws IOException {
    Path users = here.resolve(USER);
    if (!isHeld(users)) {
      try (NamespaceHolder holder = NamespaceHolder.ofUsers()) {
        holder.map(firstUser);
        holder.hold(USER, users);
      }
    }
    for (String kind : List.of("ipc", "uts")) {
      if (!isHeld(here.resolve(kind))) {
        try (NamespaceHolder holder = NamespaceHolder.within(users, kind)) {
          holder.hold(kind, here.resolve(kind));
        }
      }
    }
  }

  /// The file that holds the user namespace of a pod that has one.
  Path users(String uid) {
    return folder.resolve(uid).resolve(USER);
  }

  /// Makes what is missing of the machine's own users.
  private static void hold(Path here, PodPlace place) throws IOException {
    Map<String, Path> missing = new LinkedHashMap<>();
    if (!place.sharing().hostIpc() && !isHeld(here.resolve("ipc"))) {
      missing.put("ipc", fresh(here.resolve("ipc")));
    }
    if (!place.sharing().hostNetwork() && !isHeld(here.resolve("uts"))) {
      missing.put("uts", fresh(here.resolve("uts")));
    }
    if (!missing.isEmpty()) {
      NewNamespaces.hold(missing);
    }
  }

  /// Everybody may write there, but nobody of the machine gets through the folder around it.
  private static void holdMemory(Path here, boolean hostIpc) throws IOException {
    if (hostIpc && !Files.isDirectory(MEMORY_PLACE)) {
      throw new IOException(
          "host \"%1$s\" is not available for host ipc: stat %1$s: no such file or directory"
              .formatted(MEMORY_PLACE));
    }
    Path memory = here.resolve(MEMORY);
    if (!hostIpc && !isHeld(memory)) {
      Files.setAttribute(here, "unix:mode", OWNER_ONLY);
      Files.createDirectories(memory);
      Mounts.sharedMemory(memory, MEMORY_BYTES);
    }
  }

  /// The mounts of a container with the memory that its pod shares, unless it has something else
  /// there.
  List<Mount> mounts(PodPlace place, List<Mount> mounts) {
    String target = MEMORY_PLACE.toString();
    if (mounts.stream().anyMatch(each -> MountOrder.target(each).equals(target))) {
      return mounts;
    }
    Path memory =
        place.sharing().hostIpc() ? MEMORY_PLACE : folder.resolve(place.uid()).resolve(MEMORY);
    List<Mount> all = new ArrayList<>(mounts);
    all.add(new Mount(memory, target, false));
    return all;
  }

  private static Path fresh(Path file) throws IOException {
    Files.deleteIfExists(file);
    return Files.createFile(file);
  }

  /// Whether a namespace is mounted there: it is on another device than the folder around it.
  private static boolean isHeld(Path file) throws IOException {
    try {
      return !Files.getAttribute(file, DEVICE).equals(Files.getAttribute(file.getParent(), DEVICE));
    } catch (NoSuchFileException none) {
      return false;
    }
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
    if (place.sharing().ownUsers()) {
      paths.put(USER, users(place.uid()).toString());
    }
    return paths;
  }

  void remove(String uid) throws IOException {
    Path here = folder.resolve(uid);
    if (!Files.isDirectory(here)) {
      return;
    }
    new FirstProcess(here).end();
    for (String kind : HELD) {
      Path file = here.resolve(kind);
      if (isHeld(file)) {
        detach(file);
      }
      Files.deleteIfExists(file);
    }
    Files.deleteIfExists(here.resolve("first"));
    Files.deleteIfExists(here.resolve("said"));
    Files.deleteIfExists(here);
  }

  private static void detach(Path file) throws IOException {
    try {
      Mounts.detach(file);
    } catch (IOException e) {
      if (isHeld(file)) {
        throw e;
      }
    }
  }

  void removeAll() throws IOException {
    if (!Files.isDirectory(folder)) {
      return;
    }
    Closing closing = new Closing();
    try (Stream<Path> pods = Files.list(folder)) {
      for (Path pod : pods.toList()) {
        closing.step(() -> remove(String.valueOf(pod.getFileName())));
      }
    }
    closing.step(() -> Files.deleteIfExists(folder));
    closing.finish();
  }
}
