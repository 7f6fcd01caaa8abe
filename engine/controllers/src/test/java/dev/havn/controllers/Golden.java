// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// What a plan is made of and what it says, in files beside the tests.
public final class Golden {
  private static final KubernetesSerialization YAML = new KubernetesSerialization();
  private static final ObjectMapper JSON = new ObjectMapper();

  private Golden() {}

  public static JsonNode input(Class<?> test, String name) {
    try {
      return JSON.readTree(
          YAML.asJson(YAML.unmarshal("---\n" + text(test, name + ".input.yaml"), Object.class)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static <T> T read(JsonNode tree, Class<T> type) {
    return YAML.unmarshal(tree.toString(), type);
  }

  public static JsonNode tree(Object model) {
    try {
      return JSON.readTree(YAML.asJson(model));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Compares with a golden file; with `-Dhavn.golden=FOLDER` writes the file into the folder of
  /// the test's package there instead.
  public static void check(Class<?> test, String name, Object output) {
    String actual = YAML.asYaml(output);
    @Nullable String folder = System.getProperty("havn.golden");
    if (folder == null) {
      assertThat(actual).isEqualTo(text(test, name + ".output.yaml"));
      return;
    }
    try {
      Files.writeString(
          Path.of(folder, test.getPackageName().split("\\.")).resolve(name + ".output.yaml"),
          actual);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String text(Class<?> test, String resource) {
    try (InputStream in = test.getResourceAsStream(resource)) {
      return new String(
          Objects.requireNonNull(in, resource).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// A pod in short: its name, its revision, the node it is on, its phase, since when it is Ready.
  public static Pod pod(JsonNode brief) {
    StringBuilder yaml = new StringBuilder("---\napiVersion: v1\nkind: Pod\nmetadata:\n");
    String name = brief.path("name").asText();
    yaml.append("  name: ").append(name).append("\n  namespace: default\n");
    yaml.append("  uid: uid-").append(name).append('\n');
    yaml.append("  creationTimestamp: '")
        .append(brief.path("created").asText("2026-01-01T00:00:00Z"))
        .append("'\n");
    if (brief.path("leaving").asBoolean()) {
      yaml.append("  deletionTimestamp: '2026-01-01T00:00:00Z'\n");
    }
    yaml.append("  labels: {controller-revision-hash: ").append(brief.path("revision").asText());
    brief
        .path("labels")
        .properties()
        .forEach(
            each ->
                yaml.append(", ")
                    .append(each.getKey())
                    .append(": '")
                    .append(each.getValue().asText())
                    .append('\''));
    yaml.append("}\nspec:\n  containers: [{name: c}]\n");
    if (brief.has("node")) {
      yaml.append("  nodeName: ").append(brief.path("node").asText()).append('\n');
    }
    yaml.append("status:\n  phase: ").append(brief.path("phase").asText("Running")).append('\n');
    if (brief.has("ready")) {
      yaml.append("  conditions: [{type: Ready, status: 'True', lastTransitionTime: '")
          .append(brief.path("ready").asText())
          .append("'}]\n");
    }
    return YAML.unmarshal(yaml.toString(), Pod.class);
  }
}
