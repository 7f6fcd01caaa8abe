// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.deployment;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.replicas.Adoption;
import dev.havn.controllers.replicas.Claiming;
import dev.havn.controllers.replicas.Controlled;
import dev.havn.controllers.replicas.PodState;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.LabelSelectors;
import dev.havn.reconcile.PendingWrites;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatus;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatusBuilder;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Applies [RolloutPlan]s.
public final class DeploymentReconciler implements Reconciler {
  private final Informer<Deployment> deployments;
  private final Informer<ReplicaSet> sets;
  private final Controlled<ReplicaSet> controlled;
  private final Controlled<Pod> podsOfSets;
  private final Api api;
  private final Events events;
  private final InstantSource clock;
  private final PendingWrites pending = new PendingWrites();
  private final Adoption adoption;

  public DeploymentReconciler(
      Informer<Deployment> deployments,
      Informer<ReplicaSet> sets,
      Informer<Pod> pods,
      Api api,
      Events events,
      InstantSource clock) {
    this.deployments = deployments;
    this.sets = sets;
    this.controlled = Controlled.of(sets);
    this.podsOfSets = Controlled.of(pods);
    this.api = api;
    this.events = events;
    this.clock = clock;
    this.adoption = new Adoption(api);
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable Deployment deployment = deployments.get(key.namespace(), key.name());
    if (deployment == null) {
      pending.forget(key);
      return Result.DONE;
    }
    if (!pending.isSeen(key)) {
      return Result.after(PendingWrites.CACHES_CATCH_UP);
    }
    Claiming<ReplicaSet> claiming =
        Claiming.of(
            deployment.getMetadata(),
            controlled.candidates(deployment.getMetadata()),
            set -> matches(deployment, set));
    if (claiming.isChange()) {
      adoption.apply(deployment, claiming).forEach(written -> pending.wrote(key, sets, written));
      return Result.after(PendingWrites.CACHES_CATCH_UP);
    }
    List<ReplicaSet> owned = claiming.ours();
    RolloutPlan plan =
        RolloutPlan.of(
            RolloutPlan.Observed.of(
                deployment,
                owned,
                oldPodsRun(deployment, owned),
                () -> api.toTree(deployment.getSpec().getTemplate()).toString(),
                clock.instant()));
    for (Change change : plan.changes()) {
      apply(key, deployment, change);
    }
    return Result.after(plan.again());
  }

  private static boolean matches(Deployment deployment, ReplicaSet set) {
    return LabelSelectors.matches(
        deployment.getSpec().getSelector(), set.getMetadata().getLabels());
  }

  private boolean oldPodsRun(Deployment deployment, List<ReplicaSet> owned) {
    if (Desired.isRolling(deployment)) {
      return false;
    }
    PodTemplateSpec wanted = deployment.getSpec().getTemplate();
    return owned.stream()
        .filter(set -> !TemplateHash.same(set.getSpec().getTemplate(), wanted))
        .flatMap(set -> podsOfSets.by(set.getMetadata()).stream())
        .anyMatch(pod -> !PodState.isFinished(pod));
  }

  private void apply(Key key, Deployment deployment, Change change) {
    switch (change) {
      case Change.CreateSet(ReplicaSet set) -> create(key, deployment, set);
      case Change.Resize(ReplicaSet set, int size, Map<String, String> annotations) -> {
        ObjectNode patch = annotated(set, annotations);
        patch.putObject("spec").put("replicas", size);
        pending.wrote(key, sets, api.merge(Api.path(set), patch));
        scaled(deployment, set, Desired.replicas(set), size);
      }
      case Change.Annotate(ReplicaSet set, Map<String, String> annotations, int minReady) -> {
        ObjectNode patch = annotated(set, annotations);
        patch.putObject("spec").put("minReadySeconds", minReady);
        pending.wrote(key, sets, api.merge(Api.path(set), patch));
      }
      case Change.DeleteSet(ReplicaSet set) -> {
        if (api.delete(set)) {
          pending.deleted(key, sets, set);
        }
      }
      case Change.RollBack(ReplicaSet set, long revision, Map<String, String> annotations) -> {
        update(key, deployment, annotations, set);
        events.normal(
            deployment,
            "DeploymentRollback",
            "Rolled back deployment \"%s\" to revision %d"
                .formatted(deployment.getMetadata().getName(), revision));
      }
      case Change.RefuseRollback(
              Map<String, String> annotations,
              String reason,
              String message) -> {
        update(key, deployment, annotations, null);
        events.warning(deployment, reason, message);
      }
      case Change.SetStatus(DeploymentStatus status, String revision) ->
          writeStatus(key, deployment, status, revision);
    }
  }

  private static ObjectNode annotated(ReplicaSet set, Map<String, String> annotations) {
    ObjectNode patch = Api.object();
    ObjectNode metadata = patch.putObject("metadata").put("uid", set.getMetadata().getUid());
    ObjectNode wanted = metadata.putObject("annotations");
    annotations.forEach(wanted::put);
    return patch;
  }

  private void create(Key key, Deployment deployment, ReplicaSet set) {
    try {
      pending.wrote(key, sets, api.create(set));
      if (Desired.replicas(set) > 0) {
        scaled(deployment, set, 0, Desired.replicas(set));
      }
    } catch (Api.RefusedException e) {
      if (!e.reason().equals("AlreadyExists")) {
        tell(key, deployment, set, e);
        throw e;
      }
      collided(deployment, set);
    }
  }

  /// Nobody misses a set in a namespace that ends.
  private void tell(Key key, Deployment deployment, ReplicaSet set, Api.RefusedException refusal) {
    if (refusal.isOfEndingNamespace()) {
      return;
    }
    String message =
        "Failed to create new replica set \"%s\": %s"
            .formatted(set.getMetadata().getName(), refusal.getMessage());
    if (Desired.progressDeadlineSeconds(deployment) != null) {
      try {
        noteFailure(key, deployment, message);
      } catch (Api.RefusedException e) {
        refusal.addSuppressed(e);
      }
    }
    events.warning(deployment, StatusOf.NEW_SET_REFUSED, message);
  }

  /// Into the status as it stands: what else it says is not known as long as the set is missing.
  private void noteFailure(Key key, Deployment deployment, String message) {
    DeploymentStatus before =
        deployment.getStatus() == null ? new DeploymentStatus() : deployment.getStatus();
    Conditions conditions = new Conditions(before.getConditions(), clock.instant());
    conditions.set(Conditions.PROGRESSING, "False", StatusOf.NEW_SET_REFUSED, message);
    if (!conditions.list().equals(before.getConditions())) {
      DeploymentStatus after =
          new DeploymentStatusBuilder(before).withConditions(conditions.list()).build();
      writeStatus(key, deployment, after, "0");
    }
  }

  /// Another template has this name already: the next name counts the collision.
  private void collided(Deployment deployment, ReplicaSet set) {
    ReplicaSet existing = api.toModel(api.get(Api.path(set)), ReplicaSet.class);
    boolean ours =
        existing.getMetadata().getOwnerReferences().stream()
            .anyMatch(owner -> owner.getUid().equals(deployment.getMetadata().getUid()));
    if (ours && TemplateHash.same(existing.getSpec().getTemplate(), set.getSpec().getTemplate())) {
      return;
    }
    Integer before =
        deployment.getStatus() == null ? null : deployment.getStatus().getCollisionCount();
    ObjectNode status =
        deployment.getStatus() == null
            ? Api.object()
            : (ObjectNode) api.toTree(deployment.getStatus());
    status.put("collisionCount", before == null ? 1 : before + 1);
    api.updateStatus(deployment, status);
    throw new IllegalStateException(
        "the name " + set.getMetadata().getName() + " belongs to another template");
  }

  private void scaled(Deployment deployment, ReplicaSet set, int from, int to) {
    if (from != to) {
      events.normal(
          deployment,
          "ScalingReplicaSet",
          "Scaled %s replica set %s from %d to %d"
              .formatted(to > from ? "up" : "down", set.getMetadata().getName(), from, to));
    }
  }

  /// Read anew, since the models that caches hold lack fields that are newer than they are; refused
  /// if the Deployment is another by now than the one that was looked at.
  ///
  /// @param templateOf whose template comes back, or null
  private void update(
      Key key,
      Deployment deployment,
      Map<String, String> annotations,
      @Nullable ReplicaSet templateOf) {
    ObjectNode object = (ObjectNode) api.get(Api.path(deployment));
    ObjectNode metadata = object.withObjectProperty("metadata");
    metadata.put("resourceVersion", deployment.getMetadata().getResourceVersion());
    ObjectNode wanted = metadata.putObject("annotations");
    annotations.forEach(wanted::put);
    if (templateOf != null) {
      JsonNode template = api.get(Api.path(templateOf)).path("spec").path("template");
      ((ObjectNode) template)
          .withObjectProperty("metadata")
          .withObjectProperty("labels")
          .remove(Desired.TEMPLATE_HASH);
      object.withObjectProperty("spec").set("template", template);
    }
    pending.wrote(key, deployments, api.update(Api.path(deployment), object));
  }

  private void writeStatus(
      Key key, Deployment deployment, DeploymentStatus status, String revision) {
    pending.wrote(
        key,
        deployments,
        api.updateStatus(
            deployment,
            api.toTree(status),
            revision.equals("0") ? Map.of() : Map.of(Desired.REVISION, revision)));
  }
}
