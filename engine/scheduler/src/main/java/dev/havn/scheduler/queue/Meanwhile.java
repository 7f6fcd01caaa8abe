// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.queue;

import dev.havn.scheduler.plugin.Change;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/// What happened while a pod was looked at. Who refuses it is known only in the end, so whom it may
/// help is asked then. Kept up to a bound; of a pod for which more happened nobody can say that
/// nothing helped.
final class Meanwhile {
  static final int CHANGES_MAX = 1_000;

  private final List<Change> changes = new ArrayList<>(0);
  private boolean isSure;

  void add(Change change) {
    if (changes.size() < CHANGES_MAX) {
      changes.add(change);
    } else {
      isSure = true;
    }
  }

  /// Somebody wants the pod looked at again, whatever happened.
  void activate() {
    isSure = true;
  }

  boolean hasHelped(Predicate<Change> mayHelp) {
    return isSure || changes.stream().anyMatch(mayHelp);
  }
}
