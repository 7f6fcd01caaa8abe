// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.statefulset;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Batches;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.PendingWrites;
import dev.havn.reconcile.Reconciler.Key;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Carries out the steps of a [SetPlan], and tells of them in events of the set.
///
/// @param caches what has to show it before the set is worked on again
record StepWriter(
    StatefulSetReconciler.Caches caches,
    Api api,
    Events events,
    PendingWrites pending,
    Batches batches) {
  /// Replicas of a burst side by side, others one after another until one fails.
  ///
  /// @return what failed first
  Optional<RuntimeException> apply(StatefulSet set, SetPlan.Phase phase) {
    if (phase.burst()) {
      return batches.run(phase.replicas(), steps -> apply(set, steps));
    }
    for (List<Step> steps : phase.replicas()) {
      Optional<RuntimeException> failure = apply(set, steps);
      if (failure.isPresent()) {
        return failure;
      }
    }
    return Optional.empty();
  }

  private Optional<RuntimeException> apply(StatefulSet set, List<Step> steps) {
    try {
      steps.forEach(step -> apply(set, step));
      return Optional.empty();
    } catch (Api.RefusedException | IllegalStateException e) {
      return Optional.of(e);
    }
  }

  private void apply(StatefulSet set, Step step) {
    switch (step) {
      case Step.MakeClaims makes -> makeClaims(set, makes);
      case Step.OwnClaim owns -> own(set, owns);
      case Step.WarnOfConflict(PersistentVolumeClaim claim) ->
          events.warning(
              set,
              "ConflictingController",
              ("PersistentVolumeClaim %s has a conflicting OwnerReference that acts as a manging"
                      + " controller, the retention policy is ignored for this claim")
                  .formatted(claim.getMetadata().getName()));
      case Step.CreatePod(Pod pod) -> create(set, pod);
      case Step.RepairPod repair -> repair(set, repair);
      case Step.DeletePod(Pod pod) -> delete(set, pod);
    }
  }

  private void makeClaims(StatefulSet set, Step.MakeClaims makes) {
    List<String> failures = new ArrayList<>();
    for (PersistentVolumeClaim claim : makes.missing()) {
      String name = claim.getMetadata().getName();
      try {
        pending.wrote(key(set), caches.claims(), api.create(claim));
        claimEvent(set, makes.pod(), name, null);
      } catch (Api.RefusedException e) {
        failures.add("failed to create PVC " + name + ": " + e.getMessage());
        if (!e.reason().equals("AlreadyExists")) {
          claimEvent(set, makes.pod(), name, e.getMessage());
        }
      }
    }
    makes.leaving().forEach(name -> failures.add("pvc " + name + " is being deleted"));
    if (!failures.isEmpty()) {
      String why =
          failures.size() == 1 ? failures.getFirst() : "[" + String.join(", ", failures) + "]";
      if (makes.verb() != null) {
        podEvent(set, makes.verb(), makes.pod(), why);
      }
      throw new IllegalStateException(why);
    }
  }

  /// The claim as it is, with other owners; refused when it has changed meanwhile.
  private void own(StatefulSet set, Step.OwnClaim owns) {
    try {
      ObjectNode claim = (ObjectNode) api.get(Api.path(owns.claim()));
      ObjectNode metadata = (ObjectNode) claim.path("metadata");
      metadata.put("resourceVersion", owns.claim().getMetadata().getResourceVersion());
      metadata.remove("ownerReferences");
      for (OwnerReference each : owns.owners()) {
        metadata.withArrayProperty("ownerReferences").add(api.toTree(each));
      }
      pending.wrote(key(set), caches.claims(), api.update(Api.path(owns.claim()), claim));
    } catch (Api.RefusedException e) {
      if (owns.tells()) {
        podEvent(
            set,
            "update",
            owns.pod(),
            "could not update claim %s for delete policy ownerRefs: %s"
                .formatted(owns.claim().getMetadata().getName(), e.getMessage()));
      }
      throw e;
    }
  }

  private void create(StatefulSet set, Pod pod) {
    try {
      pending.wrote(key(set), caches.pods(), api.create(pod));
    } catch (Api.RefusedException e) {
      if (!e.reason().equals("AlreadyExists")) {
        podEvent(set, "create", pod, e.getMessage());
      }
      throw e;
    }
    podEvent(set, "create", pod, null);
  }

  private void repair(StatefulSet set, Step.RepairPod repair) {
    Pod pod = repair.pod();
    try {
      if (repair.identity() || repair.storage()) {
        pending.wrote(
            key(set), caches.pods(), api.update(Api.path(pod), repaired(new Desired(set), repair)));
      }
    } catch (Api.RefusedException e) {
      podEvent(set, "update", pod, e.getMessage());
      throw e;
    }
    podEvent(set, "update", pod, null);
  }

  private ObjectNode repaired(Desired desired, Step.RepairPod repair) {
    long ordinal = Identity.ordinal(repair.pod());
    ObjectNode pod = (ObjectNode) api.get(Api.path(repair.pod()));
    if (repair.identity()) {
      ObjectNode labels = pod.withObjectProperty("metadata").withObjectProperty("labels");
      Identity.labels(desired, ordinal).forEach(labels::put);
    }
    if (repair.storage()) {
      ArrayNode volumes = (ArrayNode) api.toTree(Storage.volumes(desired, ordinal, List.of()));
      for (JsonNode own : pod.path("spec").path("volumes")) {
        if (volumes.valueStream().noneMatch(each -> each.path("name").equals(own.path("name")))) {
          volumes.add(own);
        }
      }
      pod.withObjectProperty("spec").set("volumes", volumes);
    }
    return pod;
  }

  private void delete(StatefulSet set, Pod pod) {
    try {
      api.delete(Api.path(pod), Api.object());
    } catch (Api.RefusedException e) {
      podEvent(set, "delete", pod, e.getMessage());
      throw e;
    }
    pending.deleted(key(set), caches.pods(), pod);
    podEvent(set, "delete", pod, null);
  }

  private static Key key(StatefulSet set) {
    return new Key(set.getMetadata().getNamespace(), set.getMetadata().getName());
  }

  /// @param failure null for a success
  private void podEvent(StatefulSet set, String verb, Pod pod, @Nullable String failure) {
    String what =
        "%s Pod %s in StatefulSet %s"
            .formatted(title(verb), pod.getMetadata().getName(), set.getMetadata().getName());
    if (failure == null) {
      events.normal(set, "Successful" + title(verb), what + " successful");
    } else {
      events.warning(set, "Failed" + title(verb), what + " failed error: " + failure);
    }
  }

  private void claimEvent(StatefulSet set, Pod pod, String claim, @Nullable String failure) {
    String podName = pod.getMetadata().getName();
    String setName = set.getMetadata().getName();
    if (failure == null) {
      events.normal(
          set,
          "SuccessfulCreate",
          "Create Claim %s Pod %s in StatefulSet %s success".formatted(claim, podName, setName));
    } else {
      events.warning(
          set,
          "FailedCreate",
          "Create Claim %s for Pod %s in StatefulSet %s failed error: %s"
              .formatted(claim, podName, setName, failure));
    }
  }

  private static String title(String verb) {
    return Character.toUpperCase(verb.charAt(0)) + verb.substring(1);
  }
}
