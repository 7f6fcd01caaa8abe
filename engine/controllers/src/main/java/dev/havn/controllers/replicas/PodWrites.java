// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.replicas;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.PendingWrites;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.Optional;

/// Makes and deletes pods for an owner, and tells of it in events of the owner.
///
/// @param pods the cache that has to show it before the owner is worked on again
public record PodWrites(Api api, Events events, PendingWrites pending, Informer<Pod> pods) {
  /// Nothing is told of a namespace that ends: no owner there can get pods any more.
  ///
  /// @return what the API refused
  public Optional<Api.RefusedException> create(HasMetadata owner, Pod pod) {
    JsonNode made;
    try {
      made = api.create(pod);
    } catch (Api.RefusedException e) {
      if (!e.isOfEndingNamespace()) {
        events.warning(owner, "FailedCreate", "Error creating: " + e.getMessage());
      }
      return Optional.of(e);
    }
    pending.wrote(Informer.keyOf(owner), pods, made);
    events.normal(
        owner, "SuccessfulCreate", "Created pod: " + made.path("metadata").path("name").asText());
    return Optional.empty();
  }

  /// A pod that is gone already is fine, and nothing to tell.
  ///
  /// @return what the API refused
  public Optional<Api.RefusedException> delete(HasMetadata owner, Pod pod) {
    boolean wasThere;
    try {
      wasThere = api.delete(pod);
    } catch (Api.RefusedException e) {
      events.warning(owner, "FailedDelete", "Error deleting: " + e.getMessage());
      return Optional.of(e);
    }
    pending.deleted(Informer.keyOf(owner), pods, pod);
    if (wasThere) {
      events.normal(owner, "SuccessfulDelete", "Deleted pod: " + pod.getMetadata().getName());
    }
    return Optional.empty();
  }
}
