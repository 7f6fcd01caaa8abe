// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.garbage;

import dev.havn.reconcile.Events;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;

/// References to owners that cannot own: those in another namespace.
record Strays(Events events) {
  /// An owner in another namespace is none, and an object of the cluster has none in a namespace.
  static boolean isReachable(Owned owner, Owned dependent) {
    return owner.namespace().isEmpty() || owner.namespace().equals(dependent.namespace());
  }

  void tell(Ownership.Item dependent, Owned.Owner owner) {
    String namespace = dependent.object().namespace();
    GenericKubernetesResource about = new GenericKubernetesResource();
    about.setApiVersion(dependent.resource().apiVersion());
    about.setKind(dependent.resource().kind());
    about.setMetadata(
        new ObjectMetaBuilder()
            .withName(dependent.object().metadata().name())
            .withNamespace(namespace.isEmpty() ? null : namespace)
            .withUid(dependent.object().uid())
            .withResourceVersion(dependent.object().metadata().resourceVersion())
            .build());
    events.warning(
        about,
        "OwnerRefInvalidNamespace",
        "ownerRef [%s/%s, namespace: %s, name: %s, uid: %s] does not exist in namespace \"%s\""
            .formatted(
                owner.apiVersion(), owner.kind(), namespace, owner.name(), owner.uid(), namespace));
  }
}
