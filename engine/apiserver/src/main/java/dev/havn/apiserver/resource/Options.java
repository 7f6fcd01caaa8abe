// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.validate.FieldError;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What must be right in the options of a write before its body is looked at.
final class Options {
  private static final int MANAGER_BYTES_MAX = 128;
  private static final List<String> VALIDATIONS = List.of("", "Ignore", "Strict", "Warn");
  private static final List<String> POLICIES = List.of("Foreground", "Background", "Orphan");

  private Options() {}

  static void ofCreate(Call call) {
    refuse("CreateOptions", ofWrite(call));
  }

  static void ofUpdate(Call call) {
    refuse("UpdateOptions", ofWrite(call));
  }

  static void ofPatch(Call call, boolean applies) {
    List<FieldError> errors = new ArrayList<>();
    if (!applies && call.query("force") != null) {
      errors.add(FieldError.forbidden("force", "may not be specified for non-apply patch"));
    } else if (applies && empty(call.query("fieldManager"))) {
      errors.add(FieldError.required("fieldManager", "is required for apply patch"));
    }
    errors.addAll(ofWrite(call));
    refuse("PatchOptions", errors);
  }

  /// @param options the body, or what the query says in its place
  static void ofDelete(Call call, ObjectNode options) {
    call.number("gracePeriodSeconds", 0);
    List<FieldError> errors = new ArrayList<>();
    JsonNode policy = options.path("propagationPolicy");
    String named = policy.isTextual() ? policy.asText() : call.query("propagationPolicy");
    if (named != null && options.hasNonNull("orphanDependents")) {
      errors.add(
          FieldError.invalid(
              "propagationPolicy",
              named,
              "orphanDependents and deletionPropagation cannot be both set"));
    }
    if (named != null && !POLICIES.contains(named)) {
      List<String> supported = new ArrayList<>(POLICIES);
      supported.add("nil");
      errors.add(FieldError.notSupported("propagationPolicy", named, supported));
    }
    ArrayNode dryRun = options.get("dryRun") instanceof ArrayNode given ? given : dryRun(call);
    errors.addAll(dryRunErrors(dryRun));
    refuse("DeleteOptions", errors);
  }

  private static List<FieldError> ofWrite(Call call) {
    List<FieldError> errors = new ArrayList<>();
    @Nullable String manager = call.query("fieldManager");
    if (manager != null) {
      errors.addAll(managerErrors(manager));
    }
    errors.addAll(dryRunErrors(dryRun(call)));
    @Nullable String validation = call.query("fieldValidation");
    if (validation != null && !VALIDATIONS.contains(validation)) {
      errors.add(FieldError.notSupported("fieldValidation", validation, VALIDATIONS));
    }
    return errors;
  }

  private static List<FieldError> managerErrors(String manager) {
    List<FieldError> errors = new ArrayList<>();
    if (manager.getBytes(StandardCharsets.UTF_8).length > MANAGER_BYTES_MAX) {
      errors.add(FieldError.tooLong("fieldManager", MANAGER_BYTES_MAX));
    }
    for (int i = 0; i < manager.length(); i++) {
      char c = manager.charAt(i);
      if (Character.isISOControl(c)) {
        String shown = manager.replace(String.valueOf(c), "\\x%02x".formatted((int) c));
        errors.add(
            new FieldError(
                FieldError.Type.INVALID,
                "fieldManager",
                "\"" + shown + "\"",
                "invalid character U+%04X (at position %d)".formatted((int) c, i)));
        break;
      }
    }
    return errors;
  }

  private static List<FieldError> dryRunErrors(ArrayNode values) {
    for (JsonNode each : values) {
      if (!each.asText().equals("All")) {
        return List.of(
            new FieldError(
                FieldError.Type.NOT_SUPPORTED,
                "dryRun",
                values.toString(),
                "supported values: \"All\""));
      }
    }
    return List.of();
  }

  private static ArrayNode dryRun(Call call) {
    ArrayNode values = JsonNodeFactory.instance.arrayNode();
    call.request().query().all("dryRun").forEach(values::add);
    return values;
  }

  private static boolean empty(@Nullable String text) {
    return text == null || text.isEmpty();
  }

  private static void refuse(String kind, List<FieldError> errors) {
    if (!errors.isEmpty()) {
      throw ApiException.invalid("meta.k8s.io", kind, "", errors);
    }
  }
}
