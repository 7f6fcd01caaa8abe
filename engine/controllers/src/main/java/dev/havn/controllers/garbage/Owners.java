// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.garbage;

import dev.havn.controllers.resources.Resources;
import dev.havn.reconcile.Api;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Where references to owners lead, asked of the API where no watch shows it.
final class Owners {
  private static final int ABSENT_MAX = 500;

  private final Api api;
  private final WatchedKinds kinds;

  /// What was looked for and is not there. A uid alone does not say it: another reference may name
  /// another kind beside it.
  private final Set<Absent> absent = new LinkedHashSet<>();

  private record Absent(
      String namespace, String apiVersion, String kind, String name, String uid) {}

  Owners(Api api, WatchedKinds kinds) {
    this.api = api;
    this.kinds = kinds;
  }

  /// Whether it can be told of every owner of an object if it is there. Else the object stays as it
  /// is: nothing is deleted because a kind or a version is unknown, nor where an object of the
  /// cluster says that it belongs to something in a namespace, since nobody can tell in which.
  boolean areKnown(Owned dependent) {
    return dependent.owners().stream()
        .allMatch(
            owner -> {
              Resources.@Nullable Resource resource = kinds.of(owner);
              return resource != null
                  && !(resource.namespaced() && dependent.namespace().isEmpty())
                  && isServed(owner, resource);
            });
  }

  /// Kinds are known in one version each, while references may name another that is served.
  private boolean isServed(Owned.Owner owner, Resources.Resource resource) {
    return owner.apiVersion().equals(resource.apiVersion())
        || api.find((owner.apiVersion().indexOf('/') < 0 ? "/api/" : "/apis/") + owner.apiVersion())
            .map(found -> found.path("resources").findValuesAsText("kind").contains(owner.kind()))
            .orElse(false);
  }

  /// Asks the API for an owner that no watch shows.
  boolean exists(Owned dependent, Owned.Owner owner) {
    Resources.@Nullable Resource resource = kinds.of(owner);
    if (resource == null) {
      return true;
    }
    Absent asked =
        new Absent(
            resource.namespaced() ? dependent.namespace() : "",
            owner.apiVersion(),
            owner.kind(),
            owner.name(),
            owner.uid());
    synchronized (absent) {
      if (absent.contains(asked)) {
        return false;
      }
    }
    boolean found =
        api.find(resource.path(dependent.namespace()) + "/" + owner.name())
            .map(object -> object.path("metadata").path("uid").asText().equals(owner.uid()))
            .orElse(false);
    if (!found) {
      synchronized (absent) {
        if (absent.size() >= ABSENT_MAX) {
          absent.remove(absent.iterator().next());
        }
        absent.add(asked);
      }
    }
    return found;
  }
}
