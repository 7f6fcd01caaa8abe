// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.apiserver.resource.Objects;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The plugin NodeDeclaredFeatureValidator (KEP-5328): a pod that has a node is changed only as its
/// node declares that it can follow.
public final class DeclaredFeatures implements Admission {
  private static final String WHOLE_POD = "InPlacePodLevelResourcesVerticalScaling";
  private static final String INIT_CONTAINERS = "InPlacePodVerticalScalingInitContainers";

  private final Objects objects;

  public DeclaredFeatures(Objects objects) {
    this.objects = objects;
  }

  @Override
  public void validate(Write write) {
    @Nullable ObjectNode before = write.before();
    if (write.operation() != Operation.UPDATE
        || !write.type().builtinKind().equals("Pod")
        || !Set.of("", "resize").contains(write.subresource())
        || before == null) {
      return;
    }
    JsonNode spec = write.object().path("spec");
    String name = spec.path("nodeName").asText("");
    List<String> needed = name.isEmpty() ? List.of() : needed(before.path("spec"), spec);
    if (needed.isEmpty()) {
      return;
    }
    @Nullable ObjectNode node = objects.read("v1", "nodes", "", name);
    if (node == null) {
      throw ApiException.forbidden(write.type(), write.name(), "node \"" + name + "\" not found");
    }
    List<String> missing = new ArrayList<>(needed);
    node.at("/status/declaredFeatures").forEach(each -> missing.remove(each.asText()));
    if (!missing.isEmpty()) {
      throw ApiException.forbidden(
          write.type(),
          write.name(),
          "pod update requires features %s which are not available on node \"%s\""
              .formatted(String.join(", ", missing), name));
    }
  }

  /// Sorted. Of the features that nodes of this release declare, others are needed by no change.
  private static List<String> needed(JsonNode before, JsonNode after) {
    List<String> needed = new ArrayList<>();
    if (!same(before, after)) {
      needed.add(WHOLE_POD);
    }
    JsonNode now = after.path("initContainers");
    int i = 0;
    for (JsonNode was : before.path("initContainers")) {
      boolean sidecar = was.path("restartPolicy").asText("").equals("Always");
      if (!sidecar && !same(was, now.path(i))) {
        needed.add(INIT_CONTAINERS);
        break;
      }
      i++;
    }
    return needed;
  }

  private static boolean same(JsonNode before, JsonNode after) {
    JsonNode was = before.path("resources");
    JsonNode now = after.path("resources");
    return was.equals(now) || was.isEmpty() && now.isEmpty();
  }
}
