// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.statefulset;

import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The claims of a set's pods: one of each template for each ordinal.
final class Storage {
  private Storage() {}

  static String claimName(Desired desired, PersistentVolumeClaim template, long ordinal) {
    return template.getMetadata().getName() + "-" + desired.name() + "-" + ordinal;
  }

  /// A template's claim for an ordinal, with the labels by which the set finds its pods.
  static PersistentVolumeClaim claim(
      Desired desired, PersistentVolumeClaim template, long ordinal) {
    return new PersistentVolumeClaimBuilder(template)
        .editMetadata()
        .withName(claimName(desired, template, ordinal))
        .withNamespace(desired.namespace())
        .addToLabels(desired.set().getSpec().getSelector().getMatchLabels())
        .endMetadata()
        .build();
  }

  /// The volumes of a pod: those of claims first, the template's own where no claim has the name.
  static List<Volume> volumes(Desired desired, long ordinal, List<Volume> own) {
    List<Volume> volumes = new ArrayList<>();
    for (PersistentVolumeClaim template : desired.claimTemplates()) {
      volumes.add(
          new VolumeBuilder()
              .withName(template.getMetadata().getName())
              .withNewPersistentVolumeClaim()
              .withClaimName(claimName(desired, template, ordinal))
              .endPersistentVolumeClaim()
              .build());
    }
    own.stream()
        .filter(
            volume -> volumes.stream().noneMatch(claim -> claim.getName().equals(volume.getName())))
        .toList()
        .forEach(volumes::add);
    return volumes;
  }

  /// Whether a pod mounts the claims that are its own.
  static boolean matches(Desired desired, Pod pod) {
    long ordinal = Identity.ordinal(pod);
    Map<String, Volume> volumes = new HashMap<>();
    pod.getSpec().getVolumes().forEach(volume -> volumes.put(volume.getName(), volume));
    for (PersistentVolumeClaim template : desired.claimTemplates()) {
      @Nullable Volume volume = volumes.get(template.getMetadata().getName());
      if (volume == null
          || volume.getPersistentVolumeClaim() == null
          || !claimName(desired, template, ordinal)
              .equals(volume.getPersistentVolumeClaim().getClaimName())) {
        return false;
      }
    }
    return true;
  }
}
