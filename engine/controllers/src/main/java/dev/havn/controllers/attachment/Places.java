// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.attachment;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.storage.VolumeAttachment;
import io.fabric8.kubernetes.api.model.storage.VolumeAttachmentStatus;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// What nodes and attachments say.
final class Places {
  private static final String MANAGED = "volumes.kubernetes.io/controller-managed-attach-detach";
  private static final String OUT_OF_SERVICE = "node.kubernetes.io/out-of-service";

  private Places() {}

  /// Whether a node leaves it to a controller to attach; others do it themselves.
  static boolean isManaged(@Nullable Node node) {
    @Nullable Map<String, String> annotations =
        node == null ? null : node.getMetadata().getAnnotations();
    return annotations != null && annotations.containsKey(MANAGED);
  }

  static AttachmentPlan.Place of(Node node) {
    boolean isReady =
        node.getStatus() != null
            && node.getStatus().getConditions().stream()
                .anyMatch(
                    each -> each.getType().equals("Ready") && each.getStatus().equals("True"));
    boolean isOut =
        node.getSpec() != null
            && node.getSpec().getTaints().stream()
                .anyMatch(each -> each.getKey().equals(OUT_OF_SERVICE));
    Set<String> said = new TreeSet<>();
    if (node.getStatus() != null) {
      node.getStatus().getVolumesAttached().forEach(each -> said.add(each.getName()));
    }
    return new AttachmentPlan.Place(
        node.getMetadata().getName(),
        isReady,
        isOut,
        node.getStatus() == null
            ? Set.of()
            : new HashSet<>(List.copyOf(node.getStatus().getVolumesInUse())),
        said);
  }

  static AttachmentPlan.Held held(Disk disk, String node, VolumeAttachment attachment) {
    @Nullable VolumeAttachmentStatus status = attachment.getStatus();
    @Nullable String error =
        status == null || status.getAttachError() == null
            ? null
            : status.getAttachError().getMessage();
    return new AttachmentPlan.Held(
        disk,
        node,
        status != null && Boolean.TRUE.equals(status.getAttached()),
        attachment.getMetadata().getDeletionTimestamp() != null,
        error == null ? "" : error);
  }
}
