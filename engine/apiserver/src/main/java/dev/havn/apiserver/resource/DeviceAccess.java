// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.ResourceType;
import dev.havn.schema.validate.FieldError;
import dev.havn.schema.validate.Times;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Devices that others use, too, are given to administrators (KEP-5018): to claims in namespaces
/// with a label that says so.
final class DeviceAccess {
  private static final String LABEL = "resource.kubernetes.io/admin-access";

  private DeviceAccess() {}

  /// A device is tainted since somebody said so.
  static void stampTaints(ResourceType type, ObjectNode object, Instant now) {
    if (type.builtinKind().equals("ResourceSlice")) {
      for (JsonNode device : object.path("spec").path("devices")) {
        for (JsonNode taint : device.path("taints")) {
          if (taint instanceof ObjectNode unstamped && !taint.has("timeAdded")) {
            unstamped.put("timeAdded", Times.seconds(now));
          }
        }
      }
    }
  }

  /// What is wrong with a new claim or template.
  static List<FieldError> onCreate(Objects objects, ResourceType type, ObjectNode object) {
    JsonNode spec =
        switch (type.builtinKind()) {
          case "ResourceClaim" -> object.path("spec");
          case "ResourceClaimTemplate" -> object.path("spec").path("spec");
          default -> object.path("none");
        };
    List<String> asking = new ArrayList<>();
    int number = 0;
    for (JsonNode request : spec.path("devices").path("requests")) {
      if (request.path("exactly").path("adminAccess").asBoolean()) {
        asking.add("spec.devices.requests[%d].adminAccess".formatted(number));
      }
      number++;
    }
    return problems(objects, object, asking);
  }

  /// What is wrong with a changed status of a claim.
  static List<FieldError> onStatus(
      Objects objects, ResourceType type, ObjectNode before, ObjectNode object) {
    if (!type.builtinKind().equals("ResourceClaim") || !given(before).isEmpty()) {
      return List.of();
    }
    return problems(objects, object, given(object));
  }

  private static List<String> given(ObjectNode claim) {
    List<String> given = new ArrayList<>();
    int number = 0;
    for (JsonNode result :
        claim.path("status").path("allocation").path("devices").path("results")) {
      if (result.path("adminAccess").asBoolean()) {
        given.add("status.allocation.devices.results[%d].adminAccess".formatted(number));
      }
      number++;
    }
    return given;
  }

  private static List<FieldError> problems(
      Objects objects, ObjectNode object, List<String> asking) {
    if (asking.isEmpty()) {
      return List.of();
    }
    String name = object.path("metadata").path("namespace").asText();
    @Nullable ObjectNode namespace = objects.read("v1", "namespaces", "", name);
    boolean allowed =
        namespace != null
            && namespace.path("metadata").path("labels").path(LABEL).asText("").equals("true");
    return allowed
        ? List.of()
        : asking.stream()
            .map(
                path ->
                    FieldError.forbidden(
                        path,
                        "admin access to devices requires the `%s: true` label on the containing namespace"
                            .formatted(LABEL)))
            .toList();
  }
}
