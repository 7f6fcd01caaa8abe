// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.replicas;

import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import org.jspecify.annotations.Nullable;

/// Pods made of templates.
public final class PodTemplates {
  private PodTemplates() {}

  /// A pod as the template says, named after its owner and controlled by it.
  public static Pod pod(PodTemplateSpec template, String namespace, OwnerReference owner) {
    @Nullable ObjectMeta metadata = template.getMetadata();
    PodBuilder pod =
        new PodBuilder()
            .withNewMetadata()
            .withNamespace(namespace)
            .withGenerateName(owner.getName() + "-")
            .withOwnerReferences(owner)
            .endMetadata()
            .withSpec(template.getSpec());
    if (metadata != null) {
      pod.editMetadata()
          .withLabels(metadata.getLabels())
          .withAnnotations(metadata.getAnnotations())
          .withFinalizers(metadata.getFinalizers())
          .endMetadata();
    }
    return pod.build();
  }

  /// The reference by which an object is another's controller.
  public static OwnerReference controller(String apiVersion, String kind, ObjectMeta owner) {
    return new OwnerReferenceBuilder()
        .withApiVersion(apiVersion)
        .withKind(kind)
        .withName(owner.getName())
        .withUid(owner.getUid())
        .withController(true)
        .withBlockOwnerDeletion(true)
        .build();
  }
}
