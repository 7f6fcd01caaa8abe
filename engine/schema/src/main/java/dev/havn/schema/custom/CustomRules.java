// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.custom;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.kinds.Rules;
import dev.havn.schema.validate.FieldError;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What custom objects of one version must satisfy to be stored. Safe for many threads.
public final class CustomRules {
  /// After these, values are not as the schema promises, so rules about them are not run.
  private static final Set<FieldError.Type> BLOCKING =
      Set.of(
          FieldError.Type.NOT_SUPPORTED,
          FieldError.Type.REQUIRED,
          FieldError.Type.TOO_LONG,
          FieldError.Type.TOO_MANY,
          FieldError.Type.TYPE_INVALID);

  private static final FieldError UNCHECKED =
      new FieldError(
          FieldError.Type.INVALID,
          "<nil>",
          "null",
          "some validation rules were not checked because the object was invalid; correct the"
              + " existing errors to complete validation");

  private final Structural schema;
  private final CustomResource.@Nullable Scale scale;
  private final SchemaCheck check = new SchemaCheck();
  private final boolean hasRules;
  private @Nullable RuleTree compiled;

  CustomRules(Structural schema, CustomResource.@Nullable Scale scale) {
    this.schema = schema;
    this.scale = scale;
    this.hasRules = !schema.source().findValues("x-kubernetes-validations").isEmpty();
  }

  /// Errors of a new object.
  ///
  /// @param warnings gets what is tolerated
  public List<FieldError> onCreate(ObjectNode object, Consumer<String> warnings) {
    List<FieldError> errors = new ArrayList<>(Rules.ofCustomMetadata(null, object));
    errors.addAll(check.check(object, null, schema.source(), ""));
    ScaleCheck.ofSpec(object, scale, errors);
    ScaleCheck.ofStatus(object, scale, errors);
    Embedded.check(object, schema, "", errors);
    errors.addAll(ListCheck.check(object, schema));
    rules(null, object, errors, warnings);
    return errors;
  }

  /// Errors of a changed object.
  ///
  /// @param warnings gets what is tolerated
  public List<FieldError> onUpdate(ObjectNode before, ObjectNode after, Consumer<String> warnings) {
    List<FieldError> errors = new ArrayList<>(Rules.ofCustomMetadata(before, after));
    errors.addAll(check.check(after, before, schema.source(), ""));
    ScaleCheck.ofSpec(after, scale, errors);
    ScaleCheck.ofStatus(after, scale, errors);
    Embedded.check(after, schema, "", errors);
    lists(before, after, errors);
    rules(before, after, errors, warnings);
    return errors;
  }

  /// Errors of an object whose status was changed.
  ///
  /// @param warnings gets what is tolerated
  public List<FieldError> onStatusUpdate(
      ObjectNode before, ObjectNode after, Consumer<String> warnings) {
    List<FieldError> errors = new ArrayList<>(Rules.ofCustomMetadata(before, after));
    JsonNode status = schema.source().path("properties").path("status");
    if (after.has("status") && status.isObject()) {
      errors.addAll(check.check(after.get("status"), before.get("status"), status, "status"));
    }
    ScaleCheck.ofStatus(after, scale, errors);
    lists(before, after, errors);
    rules(before, after, errors, warnings);
    return errors;
  }

  /// Lists that were broken before may stay so.
  private void lists(ObjectNode before, ObjectNode after, List<FieldError> errors) {
    List<FieldError> found = ListCheck.check(after, schema);
    if (!found.isEmpty() && ListCheck.check(before, schema).isEmpty()) {
      errors.addAll(found);
    }
  }

  private void rules(
      @Nullable ObjectNode before,
      ObjectNode after,
      List<FieldError> errors,
      Consumer<String> warnings) {
    if (!hasRules) {
      return;
    }
    if (errors.stream().anyMatch(error -> BLOCKING.contains(error.type()))) {
      errors.add(UNCHECKED);
      return;
    }
    @Nullable RuleTree tree = compiled();
    if (tree != null) {
      errors.addAll(RuleCheck.check(tree, before, after, warnings));
    }
  }

  /// Compiled with the first object: most definitions of a cluster are never used.
  private synchronized @Nullable RuleTree compiled() {
    if (compiled == null) {
      compiled = RuleTree.of(schema.source()).orElse(null);
    }
    return compiled;
  }
}
