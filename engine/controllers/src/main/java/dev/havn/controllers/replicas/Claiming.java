// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.replicas;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.OwnerReference;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Which objects belong to an owner. What it controls and what matches stays; what it controls and
/// no longer matches is let go; what matches and nobody controls is taken. An owner that is being
/// deleted neither takes nor lets go.
///
/// @param ours those it has, and those it takes
public record Claiming<T extends HasMetadata>(List<T> ours, List<T> adopt, List<T> release) {
  public static <T extends HasMetadata> Claiming<T> of(
      ObjectMeta owner, List<T> objects, Predicate<T> matches) {
    boolean leaving = owner.getDeletionTimestamp() != null;
    List<T> ours = new ArrayList<>();
    List<T> adopt = new ArrayList<>();
    List<T> release = new ArrayList<>();
    for (T each : objects) {
      @Nullable OwnerReference controller = controller(each);
      boolean ownedHere = controller != null && controller.getUid().equals(owner.getUid());
      if (ownedHere && matches.test(each)) {
        ours.add(each);
      } else if (ownedHere && !leaving) {
        release.add(each);
      } else if (controller == null
          && !leaving
          && each.getMetadata().getDeletionTimestamp() == null
          && matches.test(each)) {
        ours.add(each);
        adopt.add(each);
      }
    }
    return new Claiming<>(ours, adopt, release);
  }

  /// Whether anything is to be written.
  public boolean isChange() {
    return !adopt.isEmpty() || !release.isEmpty();
  }

  static boolean isControlledBy(HasMetadata object, ObjectMeta owner) {
    @Nullable OwnerReference controller = controller(object);
    return controller != null && controller.getUid().equals(owner.getUid());
  }

  /// The owner that manages an object, or null.
  public static @Nullable OwnerReference controller(HasMetadata object) {
    for (OwnerReference owner : object.getMetadata().getOwnerReferences()) {
      if (Boolean.TRUE.equals(owner.getController())) {
        return owner;
      }
    }
    return null;
  }
}
