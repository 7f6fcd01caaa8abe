// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeProjection;
import org.jspecify.annotations.Nullable;

/// An object that volumes may be made of.
public record VolumeObject(Kind kind, String namespace, String name) {
  /// The kinds of such objects.
  public enum Kind {
    CONFIG_MAP,
    SECRET
  }

  /// Whether a pod has a volume that is made of it, or of it among others.
  boolean isIn(Pod pod) {
    return namespace.equals(pod.getMetadata().getNamespace())
        && pod.getSpec().getVolumes().stream().anyMatch(this::isIn);
  }

  private boolean isIn(Volume volume) {
    return name.equals(name(volume))
        || (volume.getProjected() != null
            && volume.getProjected().getSources().stream()
                .anyMatch(each -> name.equals(name(each))));
  }

  private @Nullable String name(Volume volume) {
    return switch (kind) {
      case CONFIG_MAP -> volume.getConfigMap() == null ? null : volume.getConfigMap().getName();
      case SECRET -> volume.getSecret() == null ? null : volume.getSecret().getSecretName();
    };
  }

  private @Nullable String name(VolumeProjection source) {
    return switch (kind) {
      case CONFIG_MAP -> source.getConfigMap() == null ? null : source.getConfigMap().getName();
      case SECRET -> source.getSecret() == null ? null : source.getSecret().getName();
    };
  }
}
