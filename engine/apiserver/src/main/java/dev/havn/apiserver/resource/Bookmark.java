// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.ResourceType;
import dev.havn.schema.validate.Zeros;
import java.util.Set;

/// The object of a bookmark: one of the kind with nothing in it but a revision, as Kubernetes
/// writes its own types when they are empty.
final class Bookmark {
  /// Replicas that are no pointer in the form in which Kubernetes holds these kinds.
  private static final Set<String> COUNTED = Set.of("Deployment", "ReplicaSet", "StatefulSet");

  private Bookmark() {}

  /// @param revision what the watcher has seen everything up to
  /// @param endsInitialEvents whether all that was there in the beginning has been sent
  static ObjectNode of(ResourceType type, long revision, boolean endsInitialEvents) {
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    object.put("kind", type.kind()).put("apiVersion", type.apiVersion());
    Zeros.of(type.schema())
        .properties()
        .forEach(each -> object.set(each.getKey(), each.getValue()));
    if (COUNTED.contains(type.builtinKind())) {
      object.withObjectProperty("spec").put("replicas", 0);
    }
    ObjectNode metadata = object.putObject("metadata");
    metadata.put("resourceVersion", String.valueOf(revision));
    if (type.builtinKind().equals("DaemonSet")) {
      metadata.withObjectProperty("annotations").put(Kinds.TEMPLATE_GENERATION, "0");
    }
    if (endsInitialEvents) {
      metadata.withObjectProperty("annotations").put("k8s.io/initial-events-end", "true");
    }
    return object;
  }
}
