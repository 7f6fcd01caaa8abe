// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import dev.havn.reconcile.Informer;
import dev.havn.reconcile.SeriesEvents;
import dev.havn.scheduler.extender.ExtenderException;
import dev.havn.scheduler.extender.Extenders;
import dev.havn.scheduler.state.PodFacts;
import dev.havn.scheduler.volume.BindingPlan;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Writes what was decided: grants devices, binds volumes, then the pod. Runs outside of the
/// scheduler's lock, for many pods side by side.
///
/// A pod that could not be given its node gives its claims back and is handed over to whoever looks
/// at it again. Where it is not clear whether that has gone wrong, as the answer was lost, nothing
/// is given back: [#settle] finds out.
///
/// @param extenders may bind pods in the scheduler's place
/// @param events of the scheduler that a pod has chosen
record Binder(
    ClaimBinding claims,
    DeviceGrants grants,
    Reports reports,
    Extenders extenders,
    Function<PodFacts, SeriesEvents> events,
    Told told) {
  private static final Logger LOG = LoggerFactory.getLogger(Binder.class);

  /// Is told what became of pods, outside of the scheduler's lock.
  interface Told {
    /// A pod has its node.
    void bound(PodFacts pod);

    /// A pod has a node, but another.
    void boundElsewhere(PodFacts pod);

    /// The claims of a pod are kept for it, and it waits for their devices.
    void kept(PodFacts pod);

    /// A pod could not be given its node, and why.
    void failed(PodFacts pod, String problem);

    /// Nobody knows whether a pod has its node, or whether its claims were given back. Its place is
    /// to be kept until [#settle] has found out.
    ///
    /// @param problem what is said of it if it has none
    /// @param mayBeBound false when only the claims are in question
    void unclear(Hold hold, String problem, boolean mayBeBound);

    /// Whether what a pod has may be taken from it, as nobody has heard of it meanwhile and this
    /// scheduler still leads.
    boolean mayTakeBack(Hold hold);

    /// It was tried to find out about a pod.
    void asked(Hold hold);
  }

  /// Binds a pod, or has its volumes bound and its devices made ready first; when they are, [#end]
  /// goes on.
  void carryOut(Hold hold, BindingPlan plan) {
    if (!grant(hold)) {
      return;
    }
    if (plan.isEmpty() && !hold.devices().waits()) {
      bind(hold);
      return;
    }
    if (!plan.isEmpty() && !bindVolumes(hold, plan)) {
      return;
    }
    if (hold.devices().waits()) {
      awaitDevices(hold);
    }
  }

  private void awaitDevices(Hold hold) {
    PodFacts pod = hold.pod();
    try {
      reports.nominate(pod.pod(), hold.node());
    } catch (RuntimeException e) {
      giveUp(hold, "running PreBind plugin \"DynamicResources\": " + e.getMessage());
      return;
    }
    reports.waitsForDevices(pod.pod(), hold.node(), events.apply(pod));
    told.kept(pod);
  }

  private boolean bindVolumes(Hold hold, BindingPlan plan) {
    try {
      claims.write(hold.node(), plan);
      reports.nominate(hold.pod().pod(), hold.node());
      return true;
    } catch (RuntimeException e) {
      giveUp(hold, "running PreBind plugin \"VolumeBinding\": " + e.getMessage());
      return false;
    }
  }

  /// Whether the pod's claims have their devices now, and are kept for it.
  private boolean grant(Hold hold) {
    try {
      grants.write(hold);
      return true;
    } catch (RuntimeException e) {
      giveUp(hold, "running PreBind plugin \"DynamicResources\": " + e.getMessage());
      return false;
    }
  }

  /// A pod need not wait for its volumes and devices any more. What goes wrong with one leaves the
  /// others as they are.
  void end(ClaimBinding.Ended ended) {
    Hold hold = ended.hold();
    try {
      if (ended.problem() == null) {
        bind(hold);
      } else {
        giveUp(hold, ended.problem());
      }
    } catch (RuntimeException e) {
      LOG.warn("what became of {} was not written", Informer.keyOf(hold.pod().pod()), e);
    }
  }

  private void giveUp(Hold hold, String problem) {
    try {
      grants.takeBack(hold);
    } catch (RuntimeException e) {
      LOG.info(
          "whether claims of {} are free is not known: {}",
          Informer.keyOf(hold.pod().pod()),
          e.toString());
      told.unclear(hold, problem, false);
      return;
    }
    told.failed(hold.pod(), problem);
  }

  private void bind(Hold hold) {
    PodFacts pod = hold.pod();
    try {
      if (!extenders.bind(pod.pod(), hold.node())) {
        reports.bind(pod.pod(), hold.node());
      }
    } catch (ExtenderException e) {
      // It may have bound the pod and failed after that.
      told.unclear(hold, String.valueOf(e.getMessage()), true);
      return;
    } catch (RuntimeException e) {
      String problem = "running Bind plugin \"DefaultBinder\": " + e.getMessage();
      if (UnclearBindings.isUnclear(e)) {
        told.unclear(hold, problem, true);
      } else {
        giveUp(hold, problem);
      }
      return;
    }
    bound(hold);
  }

  private void bound(Hold hold) {
    told.bound(hold.pod());
    reports.scheduled(hold.pod().pod(), hold.node(), events.apply(hold.pod()));
  }

  /// Finds out whether a pod is bound of which that is not clear. One that is not is given up.
  void settle(UnclearBindings.Question question) {
    try {
      @Nullable String node = nodeOf(question);
      Hold hold = question.hold();
      if (hold.node().equals(node)) {
        bound(hold);
      } else if (node != null) {
        told.boundElsewhere(hold.pod());
      } else if (told.mayTakeBack(hold)) {
        giveUp(hold, question.problem());
      }
    } catch (UnknownException e) {
      LOG.info(
          "whether {} is bound is not known: {}",
          Informer.keyOf(question.hold().pod().pod()),
          String.valueOf(e.getCause()));
    } finally {
      told.asked(question.hold());
    }
  }

  /// Null for a pod without a node, and for one that is gone.
  private @Nullable String nodeOf(UnclearBindings.Question question) throws UnknownException {
    if (question.shown() != null || !question.mayBeBound()) {
      return question.shown();
    }
    try {
      return reports.nodeOf(question.hold().pod().pod());
    } catch (RuntimeException e) {
      throw new UnknownException(e);
    }
  }

  /// The API does not say.
  private static final class UnknownException extends Exception {
    private static final long serialVersionUID = 1;

    UnknownException(RuntimeException cause) {
      super(cause);
    }
  }
}
