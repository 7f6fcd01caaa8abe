// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import dev.havn.reconcile.Api;
import dev.havn.reconcile.Doubling;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// Pods of which nobody knows whether they have their node: the answer to their binding was lost,
/// and the binding may have been made. Each keeps its place until the API says what became of it,
/// which it is asked for again and again, less and less often, or until the watch shows the pod.
///
/// Not safe for several threads: the scheduler's lock guards it.
final class UnclearBindings {
  static final Doubling PAUSES = new Doubling(Duration.ofMillis(100), Duration.ofSeconds(10));

  /// Side by side: an API that gives no answers must not keep all others from their bindings.
  static final int QUESTIONS_MAX = 8;

  private static final int TIMED_OUT = 408;

  private final Map<String, Unclear> all = new HashMap<>();
  private final TreeSet<Unclear> waiting =
      new TreeSet<>(
          Comparator.<Unclear, Instant>comparing(each -> each.next)
              .thenComparing(each -> each.number));
  private int questions;
  private long count;

  /// What is to be found out.
  ///
  /// @param problem what is said of the pod if it has no node
  /// @param mayBeBound false when only its claims are still to be given back
  /// @param shown the node where the watch has shown it meanwhile, or null
  record Question(Hold hold, String problem, boolean mayBeBound, @Nullable String shown) {}

  private static final class Unclear {
    private final long number;
    private final Hold hold;
    private final String problem;
    private final boolean mayBeBound;
    private Instant next;
    private int tries;
    private boolean isAsked;
    private @Nullable String shown;

    Unclear(long number, Hold hold, String problem, boolean mayBeBound, Instant next) {
      this.number = number;
      this.hold = hold;
      this.problem = problem;
      this.mayBeBound = mayBeBound;
      this.next = next;
    }
  }

  /// Whether what was asked for may have been done all the same: there was no answer, or it came
  /// from somebody who does not know.
  static boolean isUnclear(RuntimeException failure) {
    return !(failure instanceof Api.RefusedException refused)
        || refused.code() < 400
        || refused.code() >= 500
        || refused.code() == TIMED_OUT;
  }

  /// Nothing when it is known to be unclear already.
  void add(Hold hold, String problem, boolean mayBeBound, Instant now) {
    String uid = hold.pod().uid();
    @Nullable Unclear known = all.get(uid);
    if (known != null && known.hold == hold) {
      return;
    }
    remove(uid);
    Unclear added = new Unclear(count++, hold, problem, mayBeBound, now);
    all.put(uid, added);
    waiting.add(added);
  }

  /// A question that has to be asked now, or null. Each must be given back by [#asked].
  @Nullable Question next(Instant now) {
    if (questions >= QUESTIONS_MAX || waiting.isEmpty() || !isDue(waiting.first().next, now)) {
      return null;
    }
    Unclear first = waiting.removeFirst();
    first.isAsked = true;
    questions++;
    return new Question(first.hold, first.problem, first.mayBeBound, first.shown);
  }

  /// Also when the clock was set back and all times seem far away.
  private static boolean isDue(Instant next, Instant now) {
    return !now.isBefore(next) || next.isAfter(now.plus(PAUSES.most()));
  }

  /// A question was asked. Unless the pod was removed meanwhile the answer was not clear.
  void asked(Hold hold, Instant now) {
    questions--;
    @Nullable Unclear of = all.get(hold.pod().uid());
    if (of != null && of.hold == hold && of.isAsked) {
      of.isAsked = false;
      of.tries++;
      of.next = of.shown == null ? now.plus(PAUSES.after(of.tries)) : now;
      waiting.add(of);
    }
  }

  /// Whether nothing was heard of the pod since.
  boolean isOpen(Hold hold) {
    @Nullable Unclear of = all.get(hold.pod().uid());
    return of != null && of.hold == hold && of.shown == null;
  }

  /// The watch shows a pod on a node.
  void shown(String uid, String node, Instant now) {
    @Nullable Unclear of = all.get(uid);
    if (of == null || of.shown != null) {
      return;
    }
    of.shown = node;
    if (!of.isAsked) {
      waiting.remove(of);
      of.next = now;
      waiting.add(of);
    }
  }

  /// A pod is gone. What was kept for it may still be to be given back.
  void gone(String uid) {
    @Nullable Unclear of = all.get(uid);
    if (of != null && !of.hold.hasClaims()) {
      remove(uid);
    }
  }

  /// It is known what became of a pod.
  void remove(String uid) {
    @Nullable Unclear gone = all.remove(uid);
    if (gone != null) {
      waiting.remove(gone);
    }
  }

  /// When the next question is to be asked; null when none is, or enough are being asked.
  @Nullable Instant due() {
    return waiting.isEmpty() || questions >= QUESTIONS_MAX ? null : waiting.first().next;
  }
}
