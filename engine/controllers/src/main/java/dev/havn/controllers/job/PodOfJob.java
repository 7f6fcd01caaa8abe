// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.job;

import dev.havn.controllers.replicas.PodTemplates;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVarBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.ArrayList;
import java.util.List;

/// A pod made of a job's template.
final class PodOfJob {
  private static final String INDEX_VARIABLE = "JOB_COMPLETION_INDEX";

  /// What the API makes of `generateName` is this long, and five letters more.
  private static final int NAME_PREFIX_LENGTH_MAX = 58;

  private PodOfJob() {}

  static Pod of(Job job, PodChanges.NewPod wanted) {
    Pod pod =
        PodTemplates.pod(
            job.getSpec().getTemplate(),
            job.getMetadata().getNamespace(),
            PodTemplates.controller(job.getApiVersion(), job.getKind(), job.getMetadata()));
    PodBuilder made = new PodBuilder(pod);
    if (!JobPod.isTracked(pod)) {
      made.editMetadata().addToFinalizers(JobPod.FINALIZER).endMetadata();
    }
    if (wanted.index() == JobPod.NO_INDEX) {
      return made.build();
    }
    String index = String.valueOf(wanted.index());
    String name = job.getMetadata().getName();
    return made.editMetadata()
        .withGenerateName(prefix(name, "-" + index + "-"))
        .addToLabels(JobPod.INDEX, index)
        .addToAnnotations(JobPod.INDEX, index)
        .addToAnnotations(wanted.counts())
        .endMetadata()
        .editSpec()
        .withHostname(name + "-" + index)
        .withInitContainers(withIndex(pod.getSpec().getInitContainers()))
        .withContainers(withIndex(pod.getSpec().getContainers()))
        .endSpec()
        .build();
  }

  /// Keeps the index whole, however long the name is.
  private static String prefix(String name, String index) {
    return name.substring(0, Math.min(name.length(), NAME_PREFIX_LENGTH_MAX - index.length()))
        + index;
  }

  private static List<Container> withIndex(List<Container> containers) {
    List<Container> all = new ArrayList<>();
    for (Container each : containers) {
      boolean has = each.getEnv().stream().anyMatch(env -> env.getName().equals(INDEX_VARIABLE));
      all.add(
          has
              ? each
              : each.toBuilder()
                  .addToEnv(
                      new EnvVarBuilder()
                          .withName(INDEX_VARIABLE)
                          .withNewValueFrom()
                          .withNewFieldRef()
                          .withFieldPath("metadata.labels['" + JobPod.INDEX + "']")
                          .endFieldRef()
                          .endValueFrom()
                          .build())
                  .build());
    }
    return all;
  }
}
