// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission;

import dev.havn.apiserver.resource.ApiException;
import dev.havn.apiserver.resource.Objects;
import dev.havn.apiserver.resource.StoredObject;
import dev.havn.schema.ResourceType;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The plugin NamespaceLifecycle: nothing comes into a namespace that is not there or goes, and
/// some never go.
public final class NamespaceLifecycle implements Admission {
  private static final Set<String> IMMORTAL = Set.of("default", "kube-system", "kube-public");

  private final Objects objects;

  public NamespaceLifecycle(Objects objects) {
    this.objects = objects;
  }

  @Override
  public void admit(Write write) {
    ResourceType type = write.type();
    if (write.operation() == Operation.DELETE
        && type.builtinKind().equals("Namespace")
        && IMMORTAL.contains(write.name())) {
      throw ApiException.forbidden(type, write.name(), "this namespace may not be deleted");
    }
    if (!type.namespaced() || write.operation() == Operation.DELETE) {
      return;
    }
    ResourceType namespaces = objects.registry().get("v1", "namespaces");
    @Nullable StoredObject namespace = objects.find(namespaces, "", write.namespace());
    if (namespace == null) {
      throw ApiException.notFound(namespaces, write.namespace());
    }
    if (write.operation() == Operation.CREATE
        && namespace.shared().path("metadata").has("deletionTimestamp")) {
      throw ApiException.namespaceTerminating(type, write.name(), write.namespace());
    }
  }
}
