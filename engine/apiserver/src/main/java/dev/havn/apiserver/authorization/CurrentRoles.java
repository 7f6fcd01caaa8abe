// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authorization;

import dev.havn.apiserver.resource.Derived;
import dev.havn.apiserver.resource.Objects;
import dev.havn.store.Store;

/// The rules of RBAC from the roles and bindings as they stand now. For many threads.
final class CurrentRoles {
  private static final String PREFIX = "/registry/rbac.authorization.k8s.io/";
  private static final String GROUP = "rbac.authorization.k8s.io/v1";

  private final Derived<Rbac> rules;

  CurrentRoles(Objects objects, Store store) {
    this.rules =
        new Derived<>(
            store,
            PREFIX,
            () ->
                new Rbac(
                    new Rbac.Objects(
                        objects.list(GROUP, "roles", ""),
                        objects.list(GROUP, "clusterroles", ""),
                        objects.list(GROUP, "rolebindings", ""),
                        objects.list(GROUP, "clusterrolebindings", ""))));
  }

  /// The rules, compiled anew after a change. Asked on every request.
  Rbac now() {
    return rules.now();
  }
}
