// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.image.ImageStore.Image;
import dev.havn.node.kernel.Program;
import dev.havn.node.runtime.ContainerRuntime.Container;
import dev.havn.node.runtime.ContainerRuntime.ContainerSpec;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What is known of containers, in files: whoever opens the folder after this process knows the
/// same.
///
/// `pods/UID/containers/ID/` holds a container: `container.json` what it is, `log` what it wrote,
/// `parent` the process that keeps log and exit code. `exits/ID` appears when it has ended.
final class ContainerFolders {
  /// What is said of a container whose end nobody saw.
  static final int EXIT_UNKNOWN = 255;

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String DESCRIPTION = "container.json";
  private static final String STOP_SIGNAL = "stopSignal";
  private static final String IMAGE_STOP_SIGNAL = "StopSignal";
  private static final String TERM = "TERM";
  private static final int UID_CHARS = 36;

  private final Path folder;

  ContainerFolders(Path folder) throws IOException {
    this.folder = folder;
    Files.createDirectories(folder.resolve("pods"));
    Files.createDirectories(exits());
  }

  Path folder() {
    return folder;
  }

  Path exits() {
    return folder.resolve("exits");
  }

  Path exit(String containerId) {
    return exits().resolve(containerId);
  }

  Path pod(String uid) {
    return folder.resolve("pods").resolve(uid);
  }

  Path containersOf(String uid) {
    return pod(uid).resolve("containers");
  }

  Path home(String uid, String containerId) {
    return containersOf(uid).resolve(containerId);
  }

  static String idOf(String uid, ContainerSpec spec) {
    return uid + "-" + spec.name() + "-" + spec.attempt();
  }

  static String podOf(String containerId) {
    return containerId.substring(0, UID_CHARS);
  }

  boolean hasEnded(String containerId) {
    return Files.exists(exit(containerId));
  }

  /// Notes how a container ended, unless that is known.
  void end(String containerId, int code) throws IOException {
    if (!hasEnded(containerId)) {
      Path fresh = folder.resolve("exit-" + containerId);
      Files.writeString(fresh, code + "\n");
      Files.move(fresh, exit(containerId), StandardCopyOption.ATOMIC_MOVE);
    }
  }

  /// From here on the container is known.
  void record(Path home, String containerId, ContainerSpec spec, Image image, Instant started)
      throws IOException {
    ObjectNode json = JSON.createObjectNode().put("id", containerId).put("name", spec.name());
    json.put("attempt", spec.attempt()).put("image", spec.image()).put("imageId", image.id());
    json.put("started", started.toString()).put("tty", spec.terminal().tty());
    json.put(STOP_SIGNAL, image.config().path(IMAGE_STOP_SIGNAL).asText(TERM));
    Path fresh = home.resolve(DESCRIPTION + ".new");
    Files.writeString(fresh, json.toString());
    Files.move(fresh, home.resolve(DESCRIPTION), StandardCopyOption.ATOMIC_MOVE);
  }

  /// What asks a container to end: its image says.
  String stopSignal(String uid, String containerId) {
    Path file = home(uid, containerId).resolve(DESCRIPTION);
    try {
      return Files.exists(file)
          ? JSON.readTree(file.toFile()).path(STOP_SIGNAL).asText(TERM)
          : TERM;
    } catch (IOException e) {
      throw new StartException("RuntimeError", file + ": " + e.getMessage(), e);
    }
  }

  List<String> pods() {
    return names(folder.resolve("pods"));
  }

  /// The containers of a pod, also those whose making was broken off.
  List<String> ids(String uid) {
    return names(containersOf(uid));
  }

  private static List<String> names(Path folder) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(folder)) {
      return all.map(path -> String.valueOf(path.getFileName())).toList();
    } catch (IOException e) {
      throw new StartException("RuntimeError", folder + ": " + e.getMessage(), e);
    }
  }

  boolean isRecorded(String uid, String containerId) {
    return Files.exists(home(uid, containerId).resolve(DESCRIPTION));
  }

  List<Container> containers(String uid) {
    List<Container> found = new ArrayList<>();
    try {
      for (String id : ids(uid)) {
        @Nullable Container container = read(home(uid, id));
        if (container != null) {
          found.add(container);
        }
      }
    } catch (IOException e) {
      throw new StartException("RuntimeError", "containers of " + uid + ": " + e.getMessage(), e);
    }
    found.sort(Comparator.comparingInt(Container::attempt));
    return found;
  }

  private @Nullable Container read(Path home) throws IOException {
    Path file = home.resolve(DESCRIPTION);
    if (!Files.exists(file)) {
      return null;
    }
    JsonNode json = JSON.readTree(file.toFile());
    String containerId = json.path("id").asText();
    Path exit = exit(containerId);
    @Nullable Instant finished = null;
    int code = 0;
    if (Files.exists(exit)) {
      finished = Files.getLastModifiedTime(exit).toInstant();
      String text = Files.readString(exit).strip();
      code = text.matches("-?[0-9]{1,9}") ? Integer.parseInt(text) : EXIT_UNKNOWN;
    }
    return new Container(
        containerId,
        json.path("name").asText(),
        json.path("attempt").asInt(),
        json.path("image").asText(),
        json.path("imageId").asText(),
        Instant.parse(json.path("started").asText()),
        finished,
        code,
        Files.exists(home.resolve("oom")),
        home.resolve("log"));
  }

  /// Forgets a container of which nothing runs.
  void remove(String uid, String containerId) throws IOException {
    delete(home(uid, containerId));
    Files.deleteIfExists(exit(containerId));
  }

  void removePod(String uid) throws IOException {
    delete(pod(uid));
  }

  private static void delete(Path path) throws IOException {
    Program.must(List.of("rm", "-rf", "--one-file-system", path.toString()));
  }
}
