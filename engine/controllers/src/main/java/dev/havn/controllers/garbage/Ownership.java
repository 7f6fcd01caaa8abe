// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.garbage;

import dev.havn.controllers.resources.Resources;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Who owns whom, by uid. Each change says whose case it reopens, so that the cost of a change is
/// that of the objects it concerns.
final class Ownership {
  private final Map<String, Item> items = new HashMap<>();

  /// The uids of dependents by that of their owner, whether the owner is known or not.
  private final Map<String, Set<String>> dependents = new HashMap<>();

  record Item(Resources.Resource resource, Owned object) {
    String path() {
      return object.path(resource);
    }

    /// Whether a reference with its uid also names its kind and name.
    boolean isMeantBy(Owned.Owner owner) {
      return owner.isOf(resource) && owner.name().equals(object.metadata().name());
    }
  }

  /// Takes in an object that is new or has changed; gives the uids to look at.
  synchronized Set<String> put(Resources.Resource resource, Owned object) {
    Set<String> concerned = new LinkedHashSet<>();
    @Nullable Item before = items.put(object.uid(), new Item(resource, object));
    if (before != null) {
      unlink(before.object());
      waitingOwners(before.object(), concerned);
    }
    for (Owned.Owner owner : object.owners()) {
      dependents.computeIfAbsent(owner.uid(), _ -> new LinkedHashSet<>()).add(object.uid());
    }
    waitingOwners(object, concerned);
    boolean beginsToWait =
        object.waitsForDependents() && (before == null || !before.object().waitsForDependents());
    if (beginsToWait) {
      concerned.addAll(dependents.getOrDefault(object.uid(), Set.of()));
    }
    if (!object.owners().isEmpty() || object.waitsForDependents() || object.orphansDependents()) {
      concerned.add(object.uid());
    }
    return concerned;
  }

  /// Takes out an object that is gone; gives the uids to look at.
  synchronized Set<String> remove(Owned object) {
    Set<String> concerned = new LinkedHashSet<>();
    if (items.remove(object.uid()) != null) {
      unlink(object);
      waitingOwners(object, concerned);
      concerned.addAll(dependents.getOrDefault(object.uid(), Set.of()));
    }
    return concerned;
  }

  synchronized @Nullable Item get(String uid) {
    return items.get(uid);
  }

  synchronized List<Item> dependents(String uid) {
    List<Item> found = new ArrayList<>();
    for (String each : dependents.getOrDefault(uid, Set.of())) {
      @Nullable Item item = items.get(each);
      if (item != null) {
        found.add(item);
      }
    }
    return found;
  }

  /// The uids of objects that refer to an owner of a kind, to be looked at once that kind is known.
  synchronized Set<String> ownedBy(Resources.Resource kind) {
    Set<String> found = new LinkedHashSet<>();
    for (Item each : items.values()) {
      if (each.object().owners().stream().anyMatch(owner -> owner.isOf(kind))) {
        found.add(each.object().uid());
      }
    }
    return found;
  }

  private void unlink(Owned object) {
    for (Owned.Owner owner : object.owners()) {
      @Nullable Set<String> left = dependents.get(owner.uid());
      if (left != null) {
        left.remove(object.uid());
        if (left.isEmpty()) {
          dependents.remove(owner.uid());
        }
      }
    }
  }

  private void waitingOwners(Owned object, Set<String> to) {
    for (Owned.Owner owner : object.owners()) {
      @Nullable Item known = items.get(owner.uid());
      if (known != null && known.object().isTerminating()) {
        to.add(owner.uid());
      }
    }
  }
}
