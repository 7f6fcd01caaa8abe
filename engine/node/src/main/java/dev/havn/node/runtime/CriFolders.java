// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.kernel.Program;
import dev.havn.node.runtime.ContainerRuntime.Container;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What is kept of containers that a CRI runtime runs: `pods/UID/NAME-ATTEMPT/` has the `log`, and
/// `ended.json` says how it ended when the runtime shall forget it.
record CriFolders(Path folder) {
  private static final Logger LOG = LoggerFactory.getLogger(CriFolders.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String ENDED = "ended.json";

  /// The name of a log below the folder of its pod.
  static String log(String name, int attempt) {
    return name + "-" + attempt + "/log";
  }

  Path pod(String uid) {
    return folder.resolve("pods").resolve(uid);
  }

  Path home(String uid, String name, int attempt) {
    return pod(uid).resolve(name + "-" + attempt);
  }

  List<String> pods() throws IOException {
    return names(folder.resolve("pods"));
  }

  private static List<String> names(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(folder)) {
      return all.map(each -> String.valueOf(each.getFileName())).toList();
    }
  }

  /// Notes how a container has ended.
  void end(String uid, Container container) throws IOException {
    @Nullable Instant finished = container.finished();
    if (finished == null) {
      return;
    }
    ObjectNode json = JSON.createObjectNode().put("id", container.id());
    json.put("name", container.name()).put("attempt", container.attempt());
    json.put("image", container.image()).put("imageId", container.imageId());
    json.put("started", container.started().toString()).put("finished", finished.toString());
    json.put("exitCode", container.exitCode()).put("outOfMemory", container.outOfMemory());
    Path home = Files.createDirectories(home(uid, container.name(), container.attempt()));
    Path fresh = Files.writeString(home.resolve(ENDED + ".new"), json.toString());
    Files.move(fresh, home.resolve(ENDED), StandardCopyOption.ATOMIC_MOVE);
  }

  /// The containers of a pod that the runtime no longer has.
  List<Container> ended(String uid) throws IOException {
    List<Container> all = new ArrayList<>();
    for (String each : names(pod(uid))) {
      Path home = pod(uid).resolve(each);
      Path file = home.resolve(ENDED);
      if (Files.exists(file)) {
        try {
          all.add(container(home, JSON.readTree(file.toFile())));
        } catch (IOException | RuntimeException e) {
          LOG.warn("{} does not say how a container ended: {}", file, e.toString());
        }
      }
    }
    return all;
  }

  private static Container container(Path home, JsonNode json) {
    return new Container(
        json.path("id").asText(),
        json.path("name").asText(),
        json.path("attempt").asInt(),
        json.path("image").asText(),
        json.path("imageId").asText(),
        Instant.parse(json.path("started").asText()),
        Instant.parse(json.path("finished").asText()),
        json.path("exitCode").asInt(),
        json.path("outOfMemory").asBoolean(),
        home.resolve("log"));
  }

  void removeHome(Path home) throws IOException {
    delete(home);
  }

  void removePod(String uid) throws IOException {
    delete(pod(uid));
  }

  private static void delete(Path path) throws IOException {
    Program.must(List.of("rm", "-rf", "--one-file-system", path.toString()));
  }
}
