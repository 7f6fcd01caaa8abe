// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.volumes;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// What is to be done, case by case: each document of the files is one, with what there is and the
/// steps that follow. Claims are called `data`, with the uid `1`, and ask for a gibibyte to write;
/// volumes have a gibibyte for one writer and are Available, unless they say otherwise.
class PlansTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final KubernetesSerialization MODELS = new KubernetesSerialization();

  @TestFactory
  Stream<DynamicTest> claims() {
    return cases("claims.yaml")
        .map(each -> DynamicTest.dynamicTest(each.path("case").asText(), () -> claim(each)));
  }

  private static void claim(JsonNode given) {
    Map<String, PersistentVolume> volumes = new LinkedHashMap<>();
    for (JsonNode each : given.path("volumes")) {
      PersistentVolume volume = volume(each);
      volumes.put(volume.getMetadata().getName(), volume);
    }
    List<StorageClass> classes = new ArrayList<>();
    given.path("classes").forEach(each -> classes.add(model(each, StorageClass.class)));
    List<String> pods = new ArrayList<>();
    given.path("waitingPods").forEach(each -> pods.add(each.asText()));
    List<Step> steps =
        ClaimPlan.of(claimOf(given.path("claim")), new ClaimPlan.Observed(volumes, classes, pods));
    check(given, steps);
  }

  @TestFactory
  Stream<DynamicTest> volumes() {
    return cases("volumes.yaml")
        .map(each -> DynamicTest.dynamicTest(each.path("case").asText(), () -> volumeCase(each)));
  }

  private static void volumeCase(JsonNode given) {
    List<String> users = new ArrayList<>();
    given.path("users").forEach(each -> users.add(each.asText()));
    List<Step> steps =
        VolumePlan.of(
            volume(given.path("volume")),
            given.has("claim") ? claimOf(given.path("claim")) : null,
            users);
    check(given, steps);
  }

  private static void check(JsonNode given, List<Step> steps) {
    List<String> wanted = new ArrayList<>();
    given.path("steps").forEach(each -> wanted.add(each.asText()));
    assertThat(steps).extracting(Step::toString).containsExactlyElementsOf(wanted);
  }

  private static PersistentVolumeClaim claimOf(JsonNode given) {
    return model(
        over(
            """
            {"metadata": {"name": "data", "namespace": "default", "uid": "1"},
             "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "",
                      "resources": {"requests": {"storage": "1Gi"}}},
             "status": {"phase": "Pending"}}
            """,
            given),
        PersistentVolumeClaim.class);
  }

  private static PersistentVolume volume(JsonNode given) {
    return model(
        over(
            """
            {"metadata": {"name": "disk"},
             "spec": {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}},
             "status": {"phase": "Available"}}
            """,
            given),
        PersistentVolume.class);
  }

  /// A merge patch; null takes a field away.
  private static JsonNode over(String base, JsonNode given) {
    try {
      return merged((ObjectNode) JSON.readTree(base), given);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static ObjectNode merged(ObjectNode into, JsonNode given) {
    given
        .properties()
        .forEach(
            field -> {
              if (field.getValue().isNull()) {
                into.remove(field.getKey());
              } else if (field.getValue().isObject()
                  && into.get(field.getKey()) instanceof ObjectNode inner) {
                merged(inner, field.getValue());
              } else {
                into.set(field.getKey(), field.getValue());
              }
            });
    return into;
  }

  private static <T> T model(JsonNode tree, Class<T> type) {
    return MODELS.unmarshal(tree.toString(), type);
  }

  private static Stream<JsonNode> cases(String file) {
    try (InputStream in = Objects.requireNonNull(PlansTest.class.getResourceAsStream(file))) {
      String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return Stream.of(text.split("(?m)^---$"))
          .filter(each -> each.contains("case:"))
          .map(each -> JSON.valueToTree(MODELS.unmarshal(each, Map.class)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
