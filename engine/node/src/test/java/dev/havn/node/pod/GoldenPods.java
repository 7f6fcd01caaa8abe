// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.havn.node.runtime.ContainerRuntime.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Pods and what is seen of them, from YAML beside the tests.
public final class GoldenPods {
  static final KubernetesSerialization YAML = new KubernetesSerialization();
  private static final ObjectMapper JSON = new ObjectMapper();

  private GoldenPods() {}

  static String text(String resource) {
    try (InputStream in = GoldenPods.class.getResourceAsStream(resource)) {
      return new String(
          Objects.requireNonNull(in, resource).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Compares with a golden file; with `-Dhavn.golden=FOLDER` writes the file there instead.
  static void check(String resource, String actual) {
    @Nullable String folder = System.getProperty("havn.golden");
    if (folder == null) {
      assertThat(actual).isEqualTo(text(resource));
      return;
    }
    try {
      Files.writeString(Path.of(folder).resolve(resource), actual);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String yaml(JsonNode tree) {
    return YAML.asYaml(YAML.unmarshal(tree.toString(), Object.class));
  }

  public static JsonNode tree(String yaml) {
    try {
      return JSON.readTree(YAML.asJson(read(yaml, Object.class)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// The mark in front says that a text in braces is YAML, too.
  public static <T> T read(String yaml, Class<T> type) {
    return YAML.unmarshal("---\n" + yaml, type);
  }

  public static Pod pod(String yaml) {
    return read(yaml, Pod.class);
  }

  /// A container as a golden file describes it.
  static Container container(String name, JsonNode json) {
    @Nullable Instant finished =
        json.has("finished") ? Instant.parse(json.path("finished").asText()) : null;
    int attempt = json.path("attempt").asInt();
    return new Container(
        "id-" + name + "-" + attempt,
        name,
        attempt,
        "example/" + name + ":1",
        "sha256:" + name,
        Instant.parse(json.path("started").asText()),
        finished,
        json.path("exitCode").asInt(),
        json.path("outOfMemory").asBoolean(),
        Path.of("/dev/null"));
  }
}
