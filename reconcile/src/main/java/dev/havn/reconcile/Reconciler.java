// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// Brings one object to where its spec wants it.
///
/// Level-based: it is told which object to look at, not what happened; it reads what is there now,
/// computes the whole change and applies it. It may be called at any time, also when nothing
/// changed, never twice at the same time for one key. Throwing means: try again, later each time (5
/// ms, doubling, at most 1000 s, see [Controller]); a refusal because the object has changed since
/// it was read is an ordinary reason to. What it reads from an [Informer] may be behind what it
/// wrote itself: who must not write twice remembers what it has written. It must not keep anything
/// that it could not do without after a restart, nor wait: to come back at a time it says so in its
/// result. It is called only while its process leads (see [LeaderElection]); a call that is under
/// way when that ends is finished.
@FunctionalInterface
public interface Reconciler {
  Result reconcile(Key key);

  /// An object; `namespace` is empty for cluster-scoped ones.
  record Key(String namespace, String name) {
    @Override
    public String toString() {
      return namespace.isEmpty() ? name : namespace + "/" + name;
    }
  }

  /// @param again when to look again although nothing happened, or null for not before something
  ///   does
  record Result(@Nullable Duration again) {
    public static final Result DONE = new Result(null);

    /// At most this long a time of day is waited for at once.
    private static final Duration TIME_MAX = Duration.ofMinutes(1);

    public static Result after(@Nullable Duration again) {
      return again == null ? DONE : new Result(again);
    }

    /// When it is a certain time of the clock, which may be set anew meanwhile, or the machine may
    /// sleep: timers stand still then. So it may be called before that time, and computes anew.
    ///
    /// @param left until that time, null for never
    public static Result atTime(@Nullable Duration left) {
      return after(left == null || left.compareTo(TIME_MAX) < 0 ? left : TIME_MAX);
    }
  }
}
