// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Informers;
import dev.havn.scheduler.plugin.SpreadPeers;
import dev.havn.scheduler.state.PodFacts;
import dev.havn.scheduler.state.Selector;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.ReplicationController;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Finds the Services and the controller of a pod, whose selectors say which pods are like it.
final class LikePods implements SpreadPeers {
  private final Informer<Service> services;
  private final Informer<ReplicationController> controllers;
  private final Informer<ReplicaSet> replicaSets;
  private final Informer<StatefulSet> statefulSets;

  LikePods(Informers informers) {
    this.services = informers.of(Service.class);
    this.controllers = informers.of(ReplicationController.class);
    this.replicaSets = informers.of(ReplicaSet.class);
    this.statefulSets = informers.of(StatefulSet.class);
  }

  boolean hasSynced() {
    return services.hasSynced()
        && controllers.hasSynced()
        && replicaSets.hasSynced()
        && statefulSets.hasSynced();
  }

  @Override
  public Selector of(PodFacts pod) {
    Selector all = Selector.EVERYTHING;
    for (Service service : services.list(pod.namespace())) {
      @Nullable Map<String, String> selector = service.getSpec().getSelector();
      if (selector != null
          && !selector.isEmpty()
          && pod.labels().entrySet().containsAll(selector.entrySet())) {
        all = all.and(Selector.of(selector));
      }
    }
    @Nullable Selector owners = ofOwner(pod);
    return owners == null ? all : all.and(owners);
  }

  private @Nullable Selector ofOwner(PodFacts pod) {
    List<OwnerReference> owners = pod.pod().getMetadata().getOwnerReferences();
    for (OwnerReference owner : owners == null ? List.<OwnerReference>of() : owners) {
      if (!Boolean.TRUE.equals(owner.getController())) {
        continue;
      }
      return switch (owner.getKind()) {
        case "ReplicationController" -> {
          @Nullable ReplicationController found = controllers.get(pod.namespace(), owner.getName());
          yield found == null ? null : Selector.of(found.getSpec().getSelector());
        }
        case "ReplicaSet" -> {
          @Nullable ReplicaSet found = replicaSets.get(pod.namespace(), owner.getName());
          yield found == null ? null : of(found.getSpec().getSelector());
        }
        case "StatefulSet" -> {
          @Nullable StatefulSet found = statefulSets.get(pod.namespace(), owner.getName());
          yield found == null ? null : of(found.getSpec().getSelector());
        }
        default -> null;
      };
    }
    return null;
  }

  private static @Nullable Selector of(@Nullable LabelSelector selector) {
    return selector == null ? null : Selector.of(selector);
  }
}
