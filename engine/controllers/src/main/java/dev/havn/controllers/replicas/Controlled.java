// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.replicas;

import dev.havn.reconcile.Index;
import dev.havn.reconcile.Informer;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.OwnerReference;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The objects of a kind by who controls them, so that an owner is brought up to date in a time
/// that grows with what it owns and not with what its namespace holds. An owner is one in the
/// object's own namespace: whoever may write to another could name any uid.
public final class Controlled<T extends HasMetadata> {
  private static final String NOBODY = "";

  private final Index<T> index;

  private Controlled(Index<T> index) {
    this.index = index;
  }

  public static <T extends HasMetadata> Controlled<T> of(Informer<T> informer) {
    return new Controlled<>(informer.index("controller", each -> List.of(term(each))));
  }

  private static String term(HasMetadata object) {
    @Nullable OwnerReference controller = Claiming.controller(object);
    return term(
        object.getMetadata().getNamespace(), controller == null ? NOBODY : controller.getUid());
  }

  /// A namespace has no slash in it.
  private static String term(String namespace, String uid) {
    return namespace + "/" + uid;
  }

  /// Those that an owner controls.
  public List<T> by(ObjectMeta owner) {
    return by(owner.getNamespace(), owner.getUid());
  }

  /// @param namespace of the owner, and of what it controls
  /// @param uid of the owner
  public List<T> by(String namespace, String uid) {
    return index.list(term(namespace, uid));
  }

  /// What may be an owner's: what it controls, and what nobody controls in its namespace.
  public List<T> candidates(ObjectMeta owner) {
    List<T> candidates = new ArrayList<>(by(owner));
    candidates.addAll(by(owner.getNamespace(), NOBODY));
    return candidates;
  }
}
