// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.statefulset;

import dev.havn.controllers.replicas.PodTemplates;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The names of a set's pods, and what follows from them.
final class Identity {
  static final String POD_NAME = "statefulset.kubernetes.io/pod-name";
  static final String POD_INDEX = "apps.kubernetes.io/pod-index";
  static final String REVISION = "controller-revision-hash";

  private static final Pattern NUMBERED = Pattern.compile("(.*)-([0-9]+)$", Pattern.DOTALL);

  private Identity() {}

  static String name(Desired desired, long ordinal) {
    return desired.name() + "-" + ordinal;
  }

  /// The ordinal at the end of a pod's name, -1 when there is none.
  static long ordinal(Pod pod) {
    Matcher matcher = NUMBERED.matcher(pod.getMetadata().getName());
    if (!matcher.matches()) {
      return -1;
    }
    try {
      return Long.parseLong(matcher.group(2));
    } catch (NumberFormatException tooLarge) {
      return -1;
    }
  }

  /// Whether a pod's name is one of the set's.
  static boolean isMember(Desired desired, Pod pod) {
    Matcher matcher = NUMBERED.matcher(pod.getMetadata().getName());
    return matcher.matches() && matcher.group(1).equals(desired.name());
  }

  static boolean matches(Desired desired, Pod pod) {
    String name = pod.getMetadata().getName();
    long ordinal = ordinal(pod);
    return ordinal >= 0
        && name.equals(name(desired, ordinal))
        && name.equals(labels(pod).get(POD_NAME));
  }

  /// The labels that say who a pod is.
  static Map<String, String> labels(Desired desired, long ordinal) {
    Map<String, String> labels = new LinkedHashMap<>();
    labels.put(POD_NAME, name(desired, ordinal));
    labels.put(POD_INDEX, String.valueOf(ordinal));
    return labels;
  }

  /// The name of the revision that a pod was made of, or empty.
  static String revision(Pod pod) {
    return labels(pod).getOrDefault(REVISION, "");
  }

  private static Map<String, String> labels(Pod pod) {
    @Nullable ObjectMeta metadata = pod.getMetadata();
    return metadata == null || metadata.getLabels() == null ? Map.of() : metadata.getLabels();
  }

  /// A pod of an ordinal that is not there yet.
  static Pod pod(Desired desired, long ordinal, PodTemplateSpec template, String revision) {
    Pod pod =
        PodTemplates.pod(
            template,
            desired.namespace(),
            PodTemplates.controller("apps/v1", "StatefulSet", desired.set().getMetadata()));
    return new PodBuilder(pod)
        .editMetadata()
        .withName(name(desired, ordinal))
        .addToLabels(labels(desired, ordinal))
        .addToLabels(REVISION, revision)
        .endMetadata()
        .editSpec()
        .withHostname(name(desired, ordinal))
        .withSubdomain(desired.set().getSpec().getServiceName())
        .withVolumes(Storage.volumes(desired, ordinal, template.getSpec().getVolumes()))
        .endSpec()
        .build();
  }
}
