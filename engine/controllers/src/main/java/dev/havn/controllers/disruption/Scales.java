// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.disruption;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.controllers.replicas.PodState;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// How many pods their controllers want.
public final class Scales {
  private final Api api;

  public Scales(Api api) {
    this.api = api;
  }

  /// @param uid of the controller that decides
  record Scale(String uid, int replicas) {}

  /// Of the Deployment behind a ReplicaSet, else of the pod's controller; empty when it has none.
  ///
  /// @throws UncountableException when its controller is gone or of a kind without scale
  Optional<Scale> of(Pod pod) throws UncountableException {
    @Nullable OwnerReference owner = PodState.controller(pod);
    if (owner == null) {
      return Optional.empty();
    }
    String namespace = pod.getMetadata().getNamespace();
    if (owner.getKind().equals("ReplicaSet")) {
      Optional<JsonNode> set = api.find(path(owner, namespace));
      for (JsonNode each :
          set.map(found -> found.path("metadata").path("ownerReferences")).orElse(Api.object())) {
        if (each.path("controller").asBoolean()
            && each.path("kind").asText().equals("Deployment")) {
          String deployment =
              "/apis/apps/v1/namespaces/%s/deployments/%s"
                  .formatted(namespace, each.path("name").asText());
          return scale(each.path("uid").asText(), deployment + "/scale");
        }
      }
    }
    Optional<Scale> scale = scale(owner.getUid(), path(owner, namespace) + "/scale");
    if (scale.isEmpty()) {
      throw new UncountableException(why(owner, pod));
    }
    return scale;
  }

  /// Why there is no scale, by what the API says of the owner's kind.
  private String why(OwnerReference owner, Pod pod) {
    JsonNode served =
        api.find(version(owner)).map(found -> found.path("resources")).orElse(Api.object());
    if (!served.findValuesAsText("kind").contains(owner.getKind())) {
      return "no matches for kind \"%s\" in version \"%s\""
          .formatted(owner.getKind(), owner.getApiVersion());
    }
    return served.findValuesAsText("name").contains(plural(owner) + "/scale")
        ? "found no controllers for pod \"" + pod.getMetadata().getName() + "\""
        : resource(owner) + " does not implement the scale subresource";
  }

  private static String version(OwnerReference owner) {
    String version = owner.getApiVersion();
    return (version.contains("/") ? "/apis/" : "/api/") + version;
  }

  /// As `jobs.batch`.
  private static String resource(OwnerReference owner) {
    int slash = owner.getApiVersion().indexOf('/');
    return plural(owner) + (slash < 0 ? "" : "." + owner.getApiVersion().substring(0, slash));
  }

  private static String plural(OwnerReference owner) {
    return owner.getKind().toLowerCase(Locale.ROOT) + "s";
  }

  private Optional<Scale> scale(String uid, String path) {
    return api.find(path).map(scale -> new Scale(uid, scale.path("spec").path("replicas").asInt()));
  }

  private static String path(OwnerReference owner, String namespace) {
    return "%s/namespaces/%s/%s/%s"
        .formatted(version(owner), namespace, plural(owner), owner.getName());
  }
}
