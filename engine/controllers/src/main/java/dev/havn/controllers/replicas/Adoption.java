// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.replicas;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Writes what a [Claiming] found.
///
/// @param finalizer that an object carries as long as it has an owner; empty for none
public record Adoption(Api api, String finalizer) {
  public Adoption(Api api) {
    this(api, "");
  }

  /// What was written, as the API answered.
  ///
  /// @throws IllegalStateException when the owner is going or another one by now: a cache may be
  ///   too late to say so, and what is taken then would be nobody's
  public <T extends HasMetadata> List<JsonNode> apply(HasMetadata owner, Claiming<T> claiming) {
    if (!claiming.adopt().isEmpty()) {
      checkThere(owner);
    }
    List<JsonNode> written = new ArrayList<>();
    claiming.adopt().forEach(each -> write(each, owning(owner), "finalizers", written));
    claiming
        .release()
        .forEach(
            each -> write(each, leaving(owner), "$deleteFromPrimitiveList/finalizers", written));
    return written;
  }

  private void checkThere(HasMetadata owner) {
    JsonNode now = api.get(Api.path(owner)).path("metadata");
    if (!now.path("uid").asText().equals(owner.getMetadata().getUid())) {
      throw new IllegalStateException(
          "original %s %s/%s is gone: got uid %s, wanted %s"
              .formatted(
                  owner.getKind(),
                  owner.getMetadata().getNamespace(),
                  owner.getMetadata().getName(),
                  now.path("uid").asText(),
                  owner.getMetadata().getUid()));
    }
    if (now.has("deletionTimestamp")) {
      throw new IllegalStateException(
          "%s/%s has just been deleted at %s"
              .formatted(
                  owner.getMetadata().getNamespace(),
                  owner.getMetadata().getName(),
                  now.path("deletionTimestamp").asText()));
    }
  }

  private ObjectNode owning(HasMetadata owner) {
    return (ObjectNode)
        api.toTree(
            PodTemplates.controller(owner.getApiVersion(), owner.getKind(), owner.getMetadata()));
  }

  private static ObjectNode leaving(HasMetadata owner) {
    return Api.object().put("$patch", "delete").put("uid", owner.getMetadata().getUid());
  }

  /// What is gone meanwhile, or belongs to nobody any more, needs nothing.
  private void write(
      HasMetadata object, ObjectNode reference, String finalizers, List<JsonNode> written) {
    ObjectNode patch = Api.object();
    ObjectNode metadata = patch.putObject("metadata").put("uid", object.getMetadata().getUid());
    metadata.putArray("ownerReferences").add(reference);
    if (!finalizer.isEmpty()) {
      metadata.putArray(finalizers).add(finalizer);
    }
    @Nullable JsonNode answer = null;
    try {
      answer = api.strategicMerge(Api.path(object), patch);
    } catch (Api.RefusedException e) {
      boolean releasing = reference.has("$patch");
      if (e.code() != 404 && !(releasing && e.code() == 422)) {
        throw e;
      }
    }
    if (answer != null) {
      written.add(answer);
    }
  }
}
