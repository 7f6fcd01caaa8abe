// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authorization;

import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.apiserver.resource.Objects;
import dev.havn.store.Cursor;
import dev.havn.store.Store;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Decides, for nodes by what they have to do with, for everybody by RBAC, from the roles and
/// bindings as they stand now.
public final class Authorizer {
  private static final String PREFIX = "/registry/rbac.authorization.k8s.io/";
  private static final String GROUP = "rbac.authorization.k8s.io/v1";

  private final Objects objects;
  private final Store store;
  private final NodeAuthorizer nodes;
  private volatile @Nullable Compiled compiled;

  /// The rules as they are until the cursor has more to read.
  private record Compiled(Rbac rules, Cursor changes) {}

  public Authorizer(Objects objects, Store store) {
    this.objects = objects;
    this.store = store;
    this.nodes = new NodeAuthorizer(objects, store);
  }

  public boolean allows(Attributes wish) {
    return decide(wish).allowed();
  }

  public Decision decide(Attributes wish) {
    if (wish.user().groups().contains(Rbac.MASTERS)) {
      return Decision.ALLOWED;
    }
    Decision node = nodes.decide(wish);
    if (node.allowed()) {
      return node;
    }
    @Nullable Decision given = current().allowedBy(wish);
    return given == null ? node : given;
  }

  /// Which of the rules that a user has comes nearest to something that none allows.
  public String nearest(Attributes wish) {
    return NearestRule.of(current(), wish);
  }

  public List<Rbac.Rule> rulesOf(UserInfo user, String namespace) {
    return current().rulesOf(user, namespace);
  }

  /// The rules, compiled anew after a change. Asked on every request.
  private Rbac current() {
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
