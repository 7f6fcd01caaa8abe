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
/// that grows with what it owns and not with what its namespace holds.
public final class Controlled<T extends HasMetadata> {
  private static final String NOBODY = "/";

  private final Index<T> index;

  private Controlled(Index<T> index) {
    this.index = index;
  }

  public static <T extends HasMetadata> Controlled<T> of(Informer<T> informer) {
    return new Controlled<>(informer.index("controller", each -> List.of(term(each))));
  }

  /// A uid has no slash in it.
  private static String term(HasMetadata object) {
    @Nullable OwnerReference controller = Claiming.controller(object);
    return controller == null ? NOBODY + object.getMetadata().getNamespace() : controller.getUid();
  }

  /// Those that the owner of a uid controls.
  public List<T> by(String uid) {
    return index.list(uid);
  }

  /// What may be an owner's: what it controls, and what nobody controls in its namespace.
  public List<T> candidates(ObjectMeta owner) {
    List<T> candidates = new ArrayList<>(index.list(owner.getUid()));
    candidates.addAll(index.list(NOBODY + owner.getNamespace()));
    return candidates;
  }
}
