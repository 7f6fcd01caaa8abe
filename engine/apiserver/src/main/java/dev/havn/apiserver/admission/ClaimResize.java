// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.apiserver.resource.Objects;
import dev.havn.schema.validate.Quantity;
import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;

/// The plugin PersistentVolumeClaimResize: a claim grows when it is bound and its class lets it.
public final class ClaimResize implements Admission {
  private final Objects objects;

  public ClaimResize(Objects objects) {
    this.objects = objects;
  }

  @Override
  public void validate(Write write) {
    @Nullable ObjectNode before = write.before();
    if (write.operation() != Operation.UPDATE
        || before == null
        || !write.isOf("", "persistentvolumeclaims")
        || size(write.object()).compareTo(size(before)) <= 0) {
      return;
    }
    if (!before.at("/status/phase").asText("").equals("Bound")) {
      throw refused(write, "Only bound persistent volume claims can be expanded");
    }
    String name = storageClass(write.object());
    @Nullable ObjectNode found =
        name.isEmpty() ? null : objects.read("storage.k8s.io/v1", "storageclasses", "", name);
    boolean grows = found != null && found.path("allowVolumeExpansion").asBoolean();
    if (!grows || !name.equals(storageClass(before))) {
      throw refused(
          write,
          "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize");
    }
  }

  private static ApiException refused(Write write, String why) {
    return ApiException.forbidden(write.type(), write.name(), why);
  }

  private static BigDecimal size(ObjectNode claim) {
    JsonNode size = claim.at("/spec/resources/requests/storage");
    return size.isTextual() ? Quantity.parse(size.asText()).amount() : BigDecimal.ZERO;
  }

  /// By annotation, as before there was a field, or by the field.
  static String storageClass(ObjectNode claim) {
    JsonNode annotated =
        claim.path("metadata").path("annotations").path("volume.beta.kubernetes.io/storage-class");
    return annotated.isTextual()
        ? annotated.asText()
        : claim.path("spec").path("storageClassName").asText("");
  }
}
