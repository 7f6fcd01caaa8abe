// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.history;

import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A ControllerRevision and the template in it.
public record Revision(ControllerRevision object, PodTemplateSpec template) {
  public String name() {
    return object.getMetadata().getName();
  }

  public long number() {
    return object.getRevision() == null ? 0 : object.getRevision();
  }

  public @Nullable String label(String key) {
    @Nullable Map<String, String> labels = object.getMetadata().getLabels();
    return labels == null ? null : labels.get(key);
  }
}
