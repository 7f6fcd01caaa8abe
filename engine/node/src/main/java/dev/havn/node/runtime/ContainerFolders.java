// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.image.ImageStore.Image;
import dev.havn.node.kernel.FolderFlags;
import dev.havn.node.kernel.Program;
import dev.havn.node.runtime.ContainerRuntime.Container;
import dev.havn.node.runtime.ContainerRuntime.ContainerSpec;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What is known of containers, in files: whoever opens the folder after this process knows the
/// same.
///
/// `pods/UID/containers/ID/` holds a container: `container.json` what it is, `log` what it wrote,
/// `parent` the process that keeps log and exit code. `exits/ID` appears when it has ended.
final class ContainerFolders {
  /// What is said of a container whose end nobody saw.
  static final int EXIT_UNKNOWN = 255;

  private static final Logger LOG = LoggerFactory.getLogger(ContainerFolders.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String DESCRIPTION = "container.json";
  private static final String STOP_SIGNAL = "stopSignal";
  private static final String IMAGE_STOP_SIGNAL = "StopSignal";
  private static final String TERM = "TERM";
  private static final int UID_CHARS = 36;

  /// In the folder of a pod that is over.
  private static final String LEFT = "left";

  private final Path folder;

  /// What has been told.
  private final Set<Path> damaged = ConcurrentHashMap.newKeySet();

  ContainerFolders(Path folder) throws IOException {
    this.folder = folder;
    var unused = FolderFlags.makeSpread(folder.resolve("pods"));
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
    try (FileChannel file =
        FileChannel.open(fresh, CREATE, WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
      ByteBuffer bytes = StandardCharsets.UTF_8.encode(json.toString());
      while (bytes.hasRemaining()) {
        int unused = file.write(bytes);
      }
      // Else the name may outlive a power cut without what it names.
      file.force(true);
    }
    Files.move(fresh, home.resolve(DESCRIPTION), StandardCopyOption.ATOMIC_MOVE);
  }

  /// What asks a container to end: its image says.
  String stopSignal(String uid, String containerId) {
    Path home = home(uid, containerId);
    try {
      @Nullable JsonNode json = description(home);
      return json == null ? TERM : json.path(STOP_SIGNAL).asText(TERM);
    } catch (IOException e) {
      throw new StartException("RuntimeError", home + ": " + e.getMessage(), e);
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
    } catch (NoSuchFileException removed) {
      return List.of();
    } catch (IOException e) {
      throw new StartException("RuntimeError", folder + ": " + e.getMessage(), e);
    }
  }

  boolean isRecorded(String uid, String containerId) {
    Path home = home(uid, containerId);
    try {
      return description(home) != null;
    } catch (IOException e) {
      throw new StartException("RuntimeError", home + ": " + e.getMessage(), e);
    }
  }

  /// What a container is, null for one of which that is not known: also where the machine has lost
  /// what was written, which keeps nobody from what is known of the others.
  private @Nullable JsonNode description(Path home) throws IOException {
    Path file = home.resolve(DESCRIPTION);
    if (!Files.exists(file)) {
      return null;
    }
    try {
      JsonNode json = JSON.readTree(file.toFile());
      boolean whole =
          json != null
              && json.path("id").asText().equals(String.valueOf(home.getFileName()))
              && isInstant(json.path("started").asText());
      return whole ? json : damaged(file);
    } catch (JsonProcessingException e) {
      return damaged(file);
    } catch (FileNotFoundException | NoSuchFileException removed) {
      return null;
    }
  }

  private @Nullable JsonNode damaged(Path file) {
    if (damaged.add(file)) {
      LOG.warn("{} does not describe a container, it counts as none", file);
    }
    return null;
  }

  private static boolean isInstant(String text) {
    try {
      return Instant.parse(text).isAfter(Instant.MIN);
    } catch (DateTimeParseException e) {
      return false;
    }
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
    @Nullable JsonNode json = description(home);
    if (json == null) {
      return null;
    }
    String containerId = json.path("id").asText();
    Path exit = exit(containerId);
    @Nullable Instant finished = null;
    int code = 0;
    if (Files.exists(exit)) {
      try {
        finished = Files.getLastModifiedTime(exit).toInstant();
        String text = Files.readString(exit).strip();
        code = text.matches("-?[0-9]{1,9}") ? Integer.parseInt(text) : EXIT_UNKNOWN;
      } catch (NoSuchFileException removed) {
        return null;
      }
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
    damaged.remove(home(uid, containerId).resolve(DESCRIPTION));
    delete(home(uid, containerId));
    Files.deleteIfExists(exit(containerId));
  }

  /// Whether a pod has what only its containers need.
  boolean isThere(String uid) {
    return Files.exists(pod(uid)) && !Files.exists(pod(uid).resolve(LEFT));
  }

  /// Notes that it has not any more.
  void left(String uid) throws IOException {
    Files.createFile(pod(uid).resolve(LEFT));
  }

  /// Ends of containers whose pods are gone: a server that was killed between two deletions has
  /// left them, or a parent noted them late.
  List<String> lostEnds() {
    return names(exits()).stream()
        .filter(each -> each.length() > UID_CHARS && !Files.exists(pod(podOf(each))))
        .toList();
  }

  void removePod(String uid) throws IOException {
    delete(pod(uid));
  }

  private static void delete(Path path) throws IOException {
    if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      Program.must(List.of("rm", "-rf", "--one-file-system", path.toString()));
    }
  }
}
