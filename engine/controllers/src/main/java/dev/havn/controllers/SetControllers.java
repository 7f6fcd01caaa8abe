// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers;

import dev.havn.controllers.daemonset.DaemonSetReconciler;
import dev.havn.controllers.replicas.Claiming;
import dev.havn.controllers.statefulset.StatefulSetReconciler;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Controller;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.LabelSelectors;
import dev.havn.reconcile.Reconciler.Key;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// StatefulSets and DaemonSets, whose former templates are ControllerRevisions.
record SetControllers(Wiring wiring) {
  void add() {
    Informer<Pod> pods = wiring.informers().podOutlines();
    Informer<ControllerRevision> revisions = wiring.informers().of(ControllerRevision.class);
    statefulSets(pods, revisions);
    daemonSets(pods, revisions);
  }

  private void statefulSets(Informer<Pod> pods, Informer<ControllerRevision> revisions) {
    Informer<StatefulSet> sets = wiring.informers().of(StatefulSet.class);
    Informer<PersistentVolumeClaim> claims = wiring.informers().of(PersistentVolumeClaim.class);
    Api api = wiring.api("statefulset-controller");
    Controller controller =
        wiring.add(
            "statefulset",
            new StatefulSetReconciler(
                new StatefulSetReconciler.Caches(sets, pods, claims, revisions),
                api,
                new Events(api, "statefulset-controller", "", wiring.clock()),
                wiring.clock(),
                wiring.batches(),
                wiring.features().severalAtOnce()),
            Wiring.WORKERS,
            sets,
            pods,
            claims,
            revisions);
    Function<StatefulSet, LabelSelector> selector = set -> set.getSpec().getSelector();
    Wiring.watch(sets, controller);
    Wiring.watchOwned(pods, controller, "StatefulSet");
    Wiring.watchOwned(revisions, controller, "StatefulSet");
    watchOrphans(pods, controller, sets, selector);
    watchOrphans(revisions, controller, sets, selector);
    claims.onChange(
        (before, after) -> {
          ObjectMeta claim = (after == null ? Wiring.notNull(before) : after).getMetadata();
          sets.list(claim.getNamespace()).stream()
              .filter(set -> isOf(claim.getName(), set))
              .forEach(set -> controller.add(Informer.keyOf(set)));
        });
  }

  /// A claim is named after its template, its set and an ordinal.
  private static boolean isOf(String claim, StatefulSet set) {
    return set.getSpec().getVolumeClaimTemplates().stream()
        .anyMatch(
            template ->
                claim.startsWith(
                    template.getMetadata().getName() + "-" + set.getMetadata().getName() + "-"));
  }

  private void daemonSets(Informer<Pod> pods, Informer<ControllerRevision> revisions) {
    Informer<DaemonSet> sets = wiring.informers().of(DaemonSet.class);
    Informer<Node> nodes = wiring.informers().of(Node.class);
    Api api = wiring.api("daemon-set-controller");
    Controller controller =
        wiring.add(
            "daemonset",
            new DaemonSetReconciler(
                new DaemonSetReconciler.Caches(sets, pods, nodes, revisions),
                api,
                new Events(api, "daemonset-controller", "", wiring.clock()),
                wiring.clock(),
                wiring.batches()),
            Wiring.WORKERS,
            sets,
            pods,
            nodes,
            revisions);
    Function<DaemonSet, LabelSelector> selector = set -> set.getSpec().getSelector();
    Wiring.watch(sets, controller);
    Wiring.watchOwned(pods, controller, "DaemonSet");
    watchChanged(revisions, controller);
    watchOrphans(pods, controller, sets, selector);
    watchOrphans(revisions, controller, sets, selector);
    nodes.onChange(
        (before, after) -> {
          if (isMoved(before, after)) {
            sets.list().forEach(set -> controller.add(Informer.keyOf(set)));
          }
        });
  }

  /// A revision that is new is the controller's own work, or somebody's who will do something with
  /// it: as in Kubernetes nobody looks at it before it changes or goes.
  private static void watchChanged(Informer<ControllerRevision> revisions, Controller controller) {
    revisions.onChange(
        (before, after) -> {
          if (before != null) {
            for (OwnerReference owner : before.getMetadata().getOwnerReferences()) {
              if (owner.getKind().equals("DaemonSet")) {
                controller.add(new Key(before.getMetadata().getNamespace(), owner.getName()));
              }
            }
          }
        });
  }

  /// Whether a node comes, goes, or takes other pods than before; that it lives is nothing new.
  private static boolean isMoved(@Nullable Node before, @Nullable Node after) {
    return before == null
        || after == null
        || !Objects.equals(before.getMetadata().getLabels(), after.getMetadata().getLabels())
        || !Objects.equals(before.getSpec(), after.getSpec());
  }

  /// What nobody controls may belong to any set that it matches.
  private static <T extends HasMetadata, S extends HasMetadata> void watchOrphans(
      Informer<T> informer,
      Controller controller,
      Informer<S> sets,
      Function<S, LabelSelector> selector) {
    informer.onChange(
        (_, after) -> {
          if (after != null && Claiming.controller(after) == null) {
            sets.list(after.getMetadata().getNamespace()).stream()
                .filter(
                    set ->
                        LabelSelectors.matches(
                            selector.apply(set), after.getMetadata().getLabels()))
                .forEach(set -> controller.add(Informer.keyOf(set)));
          }
        });
  }
}
