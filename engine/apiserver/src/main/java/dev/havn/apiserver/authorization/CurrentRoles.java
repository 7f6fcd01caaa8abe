// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authorization;

import dev.havn.apiserver.resource.Objects;
import dev.havn.store.Cursor;
import dev.havn.store.Store;
import org.jspecify.annotations.Nullable;

/// The rules of RBAC from the roles and bindings as they stand now. For many threads.
final class CurrentRoles {
  private static final String PREFIX = "/registry/rbac.authorization.k8s.io/";
  private static final String GROUP = "rbac.authorization.k8s.io/v1";

  private final Objects objects;
  private final Store store;
  private volatile @Nullable Compiled compiled;

  /// The rules as they are until the cursor has more to read.
  private record Compiled(Rbac rules, Cursor changes) {}

  CurrentRoles(Objects objects, Store store) {
    this.objects = objects;
    this.store = store;
  }

  /// The rules, compiled anew after a change. Asked on every request.
  Rbac now() {
    @Nullable Compiled known = compiled;
    return known == null || known.changes().isBehind() ? compile() : known.rules();
  }

  private synchronized Rbac compile() {
    @Nullable Compiled known = compiled;
    if (known != null && !known.changes().isBehind()) {
      return known.rules();
    }
    if (known != null) {
      known.changes().close();
    }
    Cursor changes = store.watch(PREFIX, store.revision());
    Rbac fresh =
        new Rbac(
            new Rbac.Objects(
                objects.list(GROUP, "roles", ""),
                objects.list(GROUP, "clusterroles", ""),
                objects.list(GROUP, "rolebindings", ""),
                objects.list(GROUP, "clusterrolebindings", "")));
    compiled = new Compiled(fresh, changes);
    return fresh;
  }
}
