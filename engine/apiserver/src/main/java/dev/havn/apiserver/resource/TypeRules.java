// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.admission.Notes;
import dev.havn.schema.ResourceType;
import dev.havn.schema.custom.CustomResource;
import dev.havn.schema.kinds.Defaults;
import dev.havn.schema.kinds.Rules;
import dev.havn.schema.kinds.StatusRules;
import dev.havn.schema.validate.FieldError;
import dev.havn.schema.validate.Structure;
import dev.havn.schema.validate.Zeros;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The defaults and rules of a type: of Kubernetes' own by their kind, of custom ones by their
/// definition.
final class TypeRules {
  private static final Set<String> FINALIZERS =
      Set.of("orphan", "foregroundDeletion", "kubernetes");

  private TypeRules() {}

  /// Fills in what is absent, in place.
  static void fill(Call call, ObjectNode object) {
    ResourceType type = call.type();
    @Nullable CustomResource custom = type.custom();
    if (custom == null) {
      Defaults.apply(type.kind(), object, type.schema());
      GatedFields.fill(call, object);
    } else {
      custom.fill(object);
    }
  }

  /// Brings an object that was changed from outside into the form of its type again.
  ///
  /// @throws dev.havn.schema.codec.CodecException when a value has a wrong type
  static void reform(Call call, ObjectNode object) {
    ResourceType type = call.type();
    @Nullable CustomResource custom = type.custom();
    if (custom == null) {
      Structure.fit(object, type.schema());
    } else {
      custom.fit(object);
    }
    fill(call, object);
  }

  /// Errors of a new object.
  ///
  /// @param notes gets what is tolerated
  static List<FieldError> onCreate(ResourceType type, ObjectNode object, Notes notes) {
    @Nullable CustomResource custom = type.custom();
    if (custom == null) {
      return Rules.onCreate(type.kind(), object, type.schema());
    }
    checkKind(type, object);
    return custom.rules().onCreate(object, notes::warn);
  }

  /// Errors of a changed object or of a part of it.
  ///
  /// @param notes gets what is tolerated
  static List<FieldError> onUpdate(
      ResourceType type, String subresource, ObjectNode before, ObjectNode after, Notes notes) {
    @Nullable CustomResource custom = type.custom();
    if (custom != null) {
      checkKind(type, after);
      return subresource.equals("status")
          ? custom.rules().onStatusUpdate(before, after, notes::warn)
          : custom.rules().onUpdate(before, after, notes::warn);
    }
    return switch (subresource) {
      case "" -> Rules.onUpdate(type.kind(), before, after, type.schema());
      case "status" -> StatusRules.onUpdate(type.kind(), before, after);
      case "approval" -> StatusRules.onApproval(before, after);
      case "finalize" -> StatusRules.onFinalize(before, after);
      default -> List.of();
    };
  }

  /// A custom object of another kind is no object of this one whatever else it has.
  private static void checkKind(ResourceType type, ObjectNode object) {
    String kind = object.path("kind").asText("");
    if (!kind.equals(type.kind())) {
      throw ApiException.invalid(
          type.group(),
          kind,
          object.path("metadata").path("name").asText(""),
          List.of(FieldError.invalid("kind", kind, "must be " + type.kind())));
    }
  }

  /// Makes of empty values what storing makes of them, in place.
  static void settle(ResourceType type, ObjectNode object) {
    if (type.custom() == null) {
      Zeros.settle(object, type.schema());
      if (type.builtinKind().equals("Service")) {
        ServiceUpdates.settle(object);
      }
    }
  }

  /// What the writer of a custom object is warned of: finalizers whose names may clash.
  ///
  /// @param before what stood there, or null
  static void warn(Call call, @Nullable ObjectNode before, ObjectNode after) {
    if (call.type().custom() == null || !call.info().subresource().isEmpty()) {
      return;
    }
    List<String> known = new ArrayList<>(FINALIZERS);
    if (before != null) {
      before.path("metadata").path("finalizers").forEach(each -> known.add(each.asText()));
    }
    List<String> added = new ArrayList<>();
    after.path("metadata").path("finalizers").forEach(each -> added.add(each.asText()));
    added.stream()
        .filter(name -> !known.contains(name) && !name.contains("/"))
        .sorted()
        .distinct()
        .forEach(
            name ->
                call.notes()
                    .warn(
                        "metadata.finalizers: \"%s\": prefer a domain-qualified finalizer name %sto avoid accidental conflicts with other finalizer writers"
                            .formatted(name, name.contains(".") ? "including a path (/) " : "")));
  }
}
