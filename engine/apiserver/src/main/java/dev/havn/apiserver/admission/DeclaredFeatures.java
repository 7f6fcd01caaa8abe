// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.apiserver.resource.Objects;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

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
    BoundPodUpdate.of(write, Set.of("", "resize")).ifPresent(this::validate);
  }

  private void validate(BoundPodUpdate update) {
    List<String> missing = needed(update.before(), update.after());
    if (missing.isEmpty()) {
      return;
    }
    JsonNode node = update.read(objects);
    node.at("/status/declaredFeatures").forEach(each -> missing.remove(each.asText()));
    if (!missing.isEmpty()) {
      throw update.forbidden(
          "pod update requires features %s which are not available on node \"%s\""
              .formatted(String.join(", ", missing), update.node()));
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
