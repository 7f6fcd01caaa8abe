// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.custom.DefaultsCheck;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What the JSON schema of a custom resource may say.
final class SchemaRules {
  private static final List<String> TYPES =
      List.of("array", "boolean", "integer", "number", "object", "string");

  /// What Kubernetes' schemas do not have at all.
  private static final List<String> FORBIDDEN =
      List.of("id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref");

  /// What may stand at the root of a schema from which that of the status is taken.
  private static final Set<String> WITH_STATUS =
      Set.of(
          "description",
          "type",
          "format",
          "title",
          "maximum",
          "exclusiveMaximum",
          "minimum",
          "exclusiveMinimum",
          "maxLength",
          "minLength",
          "pattern",
          "maxItems",
          "minItems",
          "uniqueItems",
          "multipleOf",
          "required",
          "items",
          "properties",
          "externalDocs",
          "example",
          "x-kubernetes-preserve-unknown-fields",
          "x-kubernetes-validations");

  private static final String ONLY_AT_ROOT =
      "only [Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum"
          + " MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items"
          + " Properties ExternalDocs Example XPreserveUnknownFields XValidations] fields are allowed"
          + " at the root of the schema if the status subresource is enabled";

  private final @Nullable ExpressionRules expressions;

  /// @param expressions null where none are looked at
  private SchemaRules(@Nullable ExpressionRules expressions) {
    this.expressions = expressions;
  }

  /// @param hasStatus whether the resource has a status of its own
  /// @param isUnchanged whether the schema stays as it was
  static void check(At root, boolean hasStatus, boolean isUnchanged) {
    if (!root.isThere()) {
      return;
    }
    if (hasStatus) {
      rootWithStatus(root);
    }
    if (root.at("nullable").flag()) {
      root.at("nullable").forbidden("nullable cannot be true at the root");
    }
    int before = root.errors().size();
    StructuralSchemaRules.check(root);
    if (root.errors().size() == before) {
      root.errors().addAll(DefaultsCheck.check(root.value(), root.path()));
    }
    boolean isStructural = root.errors().size() == before;
    ExpressionRules expressions = new ExpressionRules(!isUnchanged);
    new SchemaRules(isStructural ? expressions : null).schema(root, ExpressionRules.Place.ROOT);
    expressions.total(root);
  }

  private static void rootWithStatus(At root) {
    At type = root.at("type");
    if (!type.isEmpty() && !type.is("object")) {
      type.invalidText(
          "only \"object\" is allowed as the type at the root of the schema if the status"
              + " subresource is enabled");
      return;
    }
    boolean others =
        root.value().properties().stream().anyMatch(each -> !WITH_STATUS.contains(each.getKey()));
    if (others) {
      root.invalid(ONLY_AT_ROOT);
    }
  }

  private void schema(At schema, ExpressionRules.Place place) {
    if (!schema.value().isObject()) {
      return;
    }
    int before = others(schema);
    standard(schema);
    if (schema.at("uniqueItems").flag()) {
      schema
          .at("uniqueItems")
          .forbidden(
              "uniqueItems cannot be set to true since the runtime complexity becomes quadratic");
    }
    At additional = schema.at("additionalProperties");
    boolean closes = additional.value().isBoolean() && additional.flag();
    if (additional.isThere() && !schema.at("properties").isEmpty() && !closes) {
      additional.forbidden("additionalProperties and properties are mutual exclusive");
    }
    schema(additional, place.below(schema));
    for (Map.Entry<String, At> property : schema.at("properties").entries().entrySet()) {
      boolean metadata = place.isRoot() && property.getKey().equals("metadata");
      if (metadata && property.getValue().at("default").isThere()) {
        property.getValue().at("default").forbidden("must not be set in top-level metadata");
      }
      schema(property.getValue(), place.below(schema));
    }
    SchemaRules nested = new SchemaRules(null);
    nested.schema(schema.at("not"), place.below(schema));
    for (String list : List.of("allOf", "oneOf", "anyOf")) {
      schema.at(list).items().forEach(each -> nested.schema(each, place.below(schema)));
    }
    schema(schema.at("items"), place.inItemsOf(schema));
    extensions(schema);
    ListSchemaRules.check(schema);
    validations(schema.at("x-kubernetes-validations"), schema.value());
    if (expressions != null && others(schema) == before) {
      expressions.check(schema, place);
    }
  }

  /// The number of errors but for those of expressions, which are looked at in sound schemas only.
  private int others(At schema) {
    return schema.errors().size() - (expressions == null ? 0 : expressions.found());
  }

  private static void standard(At schema) {
    At type = schema.at("type");
    if (!type.isEmpty() && !TYPES.contains(type.text())) {
      type.notSupported(TYPES.toArray(String[]::new));
    }
    for (String field : FORBIDDEN) {
      At each = schema.at(field);
      if (!each.isEmpty() || field.equals("dependencies") && each.isThere()) {
        each.forbidden(field + " is not supported");
      }
    }
    if (type.is("null")) {
      type.forbidden("type cannot be set to null, use nullable as an alternative");
    }
    if (schema.at("items").value().isArray()) {
      schema.at("items").forbidden("items must be a schema object and not an array");
    }
  }

  private static void extensions(At schema) {
    At preserve = schema.at("x-kubernetes-preserve-unknown-fields");
    if (preserve.isThere() && !preserve.flag()) {
      preserve.invalid("must be true or undefined");
    }
    At mapType = schema.at("x-kubernetes-map-type");
    At type = schema.at("type");
    if (mapType.isThere()) {
      ofType(type, "object", "must be object if x-kubernetes-map-type is specified");
      mapType.oneOf("atomic", "granular");
    }
  }

  /// Says so when a schema is not of the type that another field asks for.
  static void ofType(At type, String wanted, String detail) {
    if (type.isEmpty()) {
      type.required(detail);
    } else if (!type.is(wanted)) {
      type.invalidText(detail);
    }
  }

  private static void validations(At validations, JsonNode schema) {
    for (At each : validations.items()) {
      At rule = each.at("rule");
      At message = each.at("message");
      String said = message.text().strip();
      if (rule.text().isBlank()) {
        rule.required("rule is not specified");
      } else if (!message.isEmpty() && said.isEmpty()) {
        message.invalidText("must be non-empty if specified");
      } else if (said.contains("\n")) {
        message.invalidText("must not contain line breaks");
      } else if (rule.text().strip().contains("\n") && said.isEmpty()) {
        message.required("message must be specified if rule contains line breaks");
      }
      At expression = each.at("messageExpression");
      if (!expression.isEmpty() && expression.text().isBlank()) {
        expression.required("messageExpression must be non-empty if specified");
      }
      each.at("reason")
          .mayBeOneOf(
              "FieldValueDuplicate",
              "FieldValueForbidden",
              "FieldValueInvalid",
              "FieldValueRequired");
      At path = each.at("fieldPath");
      if (path.text().contains("\n")) {
        path.invalidText("must not contain line breaks");
      }
      if (!path.isEmpty() && !SchemaPaths.leads(schema, path.text())) {
        path.invalidText("must be a valid path");
      }
    }
  }
}
