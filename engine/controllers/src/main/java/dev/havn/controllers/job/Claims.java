// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.job;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.replicas.LabelSelectors;
import dev.havn.controllers.replicas.PodState;
import dev.havn.controllers.replicas.PodTemplates;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Which pods are a job's.
///
/// @param own pods that it controls and that match its selector
/// @param adopt pods to take over: they match and have no controller
/// @param release pods to let go: they no longer match
record Claims(List<Pod> own, List<Pod> adopt, List<Pod> release) {
  /// @param pods those that the job controls, and those that nobody does
  static Claims of(Job job, List<Pod> pods) {
    Claims claims = new Claims(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    boolean deleted = job.getMetadata().getDeletionTimestamp() != null;
    for (Pod pod : pods) {
      @Nullable OwnerReference owner = PodState.controller(pod);
      if (owner != null && !owner.getUid().equals(job.getMetadata().getUid())) {
        continue;
      }
      boolean matches =
          LabelSelectors.matches(job.getSpec().getSelector(), pod.getMetadata().getLabels());
      if (owner != null && matches) {
        claims.own.add(pod);
      } else if (owner != null && !deleted) {
        claims.release.add(pod);
      } else if (owner == null && matches && !deleted && !PodState.isTerminating(pod)) {
        claims.adopt.add(pod);
      }
    }
    return claims;
  }

  /// What is to be changed of an adopted pod.
  static ObjectNode adoption(Api api, Job job, Pod pod) {
    ObjectNode patch = Api.object();
    ObjectNode metadata = patch.putObject("metadata").put("uid", pod.getMetadata().getUid());
    metadata.putArray("finalizers").add(JobPod.FINALIZER);
    metadata
        .putArray("ownerReferences")
        .add(
            api.toTree(
                PodTemplates.controller(job.getApiVersion(), job.getKind(), job.getMetadata())));
    return patch;
  }

  /// What is to be changed of a released pod.
  static ObjectNode release(Job job, Pod pod) {
    ObjectNode patch = withoutFinalizer();
    ObjectNode metadata =
        patch.withObjectProperty("metadata").put("uid", pod.getMetadata().getUid());
    metadata
        .putArray("ownerReferences")
        .addObject()
        .put("$patch", "delete")
        .put("uid", job.getMetadata().getUid());
    return patch;
  }

  /// A patch by which a pod is no longer tracked.
  static ObjectNode withoutFinalizer() {
    ObjectNode patch = Api.object();
    patch
        .putObject("metadata")
        .putArray("$deleteFromPrimitiveList/finalizers")
        .add(JobPod.FINALIZER);
    return patch;
  }
}
