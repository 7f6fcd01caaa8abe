// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.custom;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.expression.Budget;
import dev.havn.schema.kinds.Rules;
import dev.havn.schema.validate.FieldError;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// Defaults in the JSON schema of a CustomResourceDefinition must be values that the schema takes.
public final class DefaultsCheck {
  private static final List<String> OF_EVERY_RESOURCE = List.of("apiVersion", "kind", "metadata");

  private final SchemaCheck check = new SchemaCheck();
  private final Budget budget = new Budget(Budget.OF_A_WRITE);
  private final List<FieldError> errors = new ArrayList<>();

  private DefaultsCheck() {}

  /// What is wrong with the defaults of a structural schema.
  ///
  /// @param path of the schema
  public static List<FieldError> check(JsonNode schema, String path) {
    DefaultsCheck check = new DefaultsCheck();
    check.look(Structural.of(schema), path, new Around(true, false, around("")));
    return check.errors;
  }

  /// What stands around a value.
  ///
  /// @param isRoot whether the value is the object itself
  /// @param isOfEveryResource whether it is in what every resource has
  /// @param resource makes the resource in which the value stands
  private record Around(
      boolean isRoot, boolean isOfEveryResource, UnaryOperator<JsonNode> resource) {}

  private static UnaryOperator<JsonNode> around(String field) {
    return value -> {
      ObjectNode object = JsonNodeFactory.instance.objectNode();
      object.put("apiVersion", "validation/v1").put("kind", "Validation");
      if (!field.isEmpty()) {
        object.set(field, value);
      }
      return object;
    };
  }

  private void look(Structural schema, String path, Around around) {
    if (schema.defaultValue() != null && !schema.defaultValue().isNull()) {
      standard(schema, schema.defaultValue(), path + ".default", around);
    }
    if (budget.left() < 0) {
      return;
    }
    if (schema.items() != null) {
      look(schema.items(), path + ".items", inList(around));
    }
    boolean isResource = around.isRoot() || schema.embedded();
    for (Map.Entry<String, Structural> each : schema.properties().entrySet()) {
      String name = each.getKey();
      Around below =
          isResource
              ? new Around(false, OF_EVERY_RESOURCE.contains(name), around(name))
              : inField(around, name);
      look(each.getValue(), path + ".properties[" + name + "]", below);
    }
  }

  private static Around inList(Around around) {
    return new Around(
        false,
        around.isOfEveryResource(),
        value -> around.resource().apply(JsonNodeFactory.instance.arrayNode().add(value)));
  }

  private static Around inField(Around around, String name) {
    return new Around(
        false,
        around.isOfEveryResource(),
        value -> around.resource().apply(JsonNodeFactory.instance.objectNode().set(name, value)));
  }

  private void standard(Structural schema, JsonNode value, String path, Around around) {
    if (around.isOfEveryResource()) {
      List<FieldError> found = Rules.ofEmbedded(around.resource().apply(value), "");
      if (!found.isEmpty()) {
        String words = String.join(", ", found.stream().map(FieldError::toString).toList());
        errors.add(
            FieldError.invalid(
                path,
                value,
                "must result in valid metadata: "
                    + (found.size() == 1 ? words : "[" + words + "]")));
        return;
      }
    } else if (!isPruned(schema, value)) {
      errors.add(FieldError.invalid(path, value, "must not have unknown fields"));
    }
    List<FieldError> found = new ArrayList<>();
    Embedded.check(value, schema, path, found);
    if (found.isEmpty()) {
      found.addAll(check.check(value, null, schema.source(), path));
    }
    if (found.isEmpty()) {
      RuleTree.of(schema.source(), around.isRoot())
          .ifPresent(rules -> found.addAll(ruled(rules, value, path)));
    }
    errors.addAll(found);
  }

  /// Rules must hold both when the value stays and when it is new.
  private List<FieldError> ruled(RuleTree rules, JsonNode value, String path) {
    List<FieldError> found = ruled(rules, value, value, path);
    return found.isEmpty() ? ruled(rules, null, value, path) : found;
  }

  private List<FieldError> ruled(
      RuleTree rules, @Nullable JsonNode before, JsonNode value, String path) {
    return RuleCheck.checkDefault(rules, before, value, path, budget);
  }

  private static boolean isPruned(Structural schema, JsonNode value) {
    JsonNode pruned = value.deepCopy();
    Pruning.pruneDefault(pruned, schema);
    return pruned.equals(value);
  }
}
