// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.replicas;

import dev.havn.reconcile.Api;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.PendingWrites;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.Optional;
import java.util.function.Supplier;

/// Makes and deletes pods for an owner, and tells of it in events of the owner.
///
/// @param pods the cache that has to show it before the owner is worked on again
public record PodWrites(Api api, Events events, PendingWrites pending, Informer<Pod> pods) {
  /// Nothing is told of a namespace that ends: no owner there can get pods any more.
  ///
  /// @return what the API refused
  public Optional<Api.RefusedException> create(HasMetadata owner, Pod pod) {
    return maker(owner, pod).get();
  }

  /// Makes one pod after the other that are the same but for the name that the server gives them:
  /// what is sent is written down once.
  public Supplier<Optional<Api.RefusedException>> maker(HasMetadata owner, Pod pod) {
    String path = Api.path(Pod.class, pod.getMetadata().getNamespace(), "");
    String json = api.toJson(pod);
    return () -> create(owner, path, json);
  }

  private Optional<Api.RefusedException> create(HasMetadata owner, String path, String json) {
    Api.Made made;
    try {
      made = api.make(path, json);
    } catch (Api.RefusedException e) {
      if (!e.isOfEndingNamespace()) {
        events.warning(owner, "FailedCreate", "Error creating: " + e.getMessage());
      }
      return Optional.of(e);
    }
    pending.wrote(Informer.keyOf(owner), pods, made.version());
    events.normal(owner, "SuccessfulCreate", "Created pod: " + made.name());
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
