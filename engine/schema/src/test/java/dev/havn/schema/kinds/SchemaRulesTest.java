// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.schema.codec.Yaml;
import dev.havn.schema.validate.FieldError;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SchemaRulesTest {
  @Test
  void takesAStructuralSchema() {
    assertThat(
            errors(
                """
                type: object
                properties:
                  spec:
                    type: object
                    properties:
                      port:
                        x-kubernetes-int-or-string: true
                        anyOf: [{type: integer}, {type: string}]
                      rest: {type: object, x-kubernetes-preserve-unknown-fields: true}
                    x-kubernetes-validations: [{rule: 'has(self.port)'}]
                """))
        .isEmpty();
  }

  @Test
  void wantsATypeForEveryField() {
    assertThat(errors("type: object\nproperties: {spec: {}}"))
        .containsExactly(
            "schema.properties[spec].type: Required value: must not be empty for specified object fields");
    assertThat(errors("type: object\nproperties: {a: {type: array}}"))
        .containsExactly("schema.properties[a].items: Required value: must be specified");
  }

  @Test
  void wantsDemandsToBeMadeOfFieldsThatAreThere() {
    assertThat(errors("type: object\nallOf: [{properties: {a: {minLength: 1}}}]"))
        .containsExactly(
            "schema.properties[a]: Required value: because it is defined in"
                + " schema.allOf[0].properties[a]");
    assertThat(errors("type: object\nproperties: {a: {type: string}}\nallOf: [{type: object}]"))
        .containsExactly("schema.allOf[0].type: Forbidden: must be empty to be structural");
  }

  @Test
  void wantsItemsToBeKnownByTheirKeys() {
    assertThat(
            errors(
                """
                type: object
                properties:
                  list:
                    type: array
                    x-kubernetes-list-type: map
                    x-kubernetes-list-map-keys: [name]
                    items: {type: object, properties: {name: {type: string}}}
                """))
        .containsExactly(
            "schema.properties[list].items.properties[name].default: Required value: this property"
                + " is in x-kubernetes-list-map-keys, so it must have a default or be a required"
                + " property");
  }

  @Test
  void compilesItsRules() {
    assertThat(
            errors(
                "type: object\nproperties: {a: {type: integer}}\n"
                    + "x-kubernetes-validations: [{rule: 'self.a'}]"))
        .containsExactly(
            "schema.x-kubernetes-validations[0].rule: Invalid value: {\"Rule\":\"self.a\","
                + "\"Message\":\"\",\"MessageExpression\":\"\",\"Reason\":null,\"FieldPath\":\"\","
                + "\"OptionalOldSelf\":null}: cel expression must evaluate to a bool");
  }

  private static final String ADVICE =
      " (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays,"
          + " maps, and strings are declared)";

  @Test
  void rulesThatMayCostTooMuchAreRefused() {
    String rule = "schema.properties[a].x-kubernetes-validations[0].rule: Forbidden: ";
    assertThat(
            errors(
                "type: object\nproperties: {a: {type: array, items: {type: string},"
                    + " x-kubernetes-validations: [{rule: \"self.all(x, x.matches('a'))\"}]}}"))
        .containsExactly(
            rule + "estimated rule cost exceeds budget by factor of more than 100x" + ADVICE,
            rule
                + "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3"
                + " schema",
            "schema: Forbidden: x-kubernetes-validations estimated rule cost total for entire"
                + " OpenAPIv3 schema exceeds budget by factor of more than 100x"
                + ADVICE);
    assertThat(
            errors(
                "type: object\nproperties: {a: {type: array, maxItems: 1000, items: {type: string,"
                    + " maxLength: 1000}, x-kubernetes-validations: [{rule: \"self.all(x,"
                    + " x.matches('a'))\"}]}}"))
        .isEmpty();
  }

  @Test
  void whatIsMetOftenCostsOftener() {
    String schema =
        "type: object\nproperties: {a: {type: array, maxItems: %d, items: {type: string,"
            + " maxLength: 1000, x-kubernetes-validations: [{rule: \"self + 'a' != 'b'\"}]}}}";
    assertThat(errors(schema.formatted(1_000))).isEmpty();
    assertThat(errors(schema.formatted(30_000)))
        .singleElement()
        .asString()
        .startsWith(
            "schema.properties[a].items.x-kubernetes-validations[0].rule: Forbidden: estimated rule"
                + " cost exceeds budget by factor of 1.2");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {type: integer, minimum: 3, default: 1} | Invalid value: 1:  in body should be greater than or equal to 3
          {type: string, default: 5} | Invalid value: "integer":  in body must be of type string: "integer"
          {type: object, default: {x: 1}, properties: {y: {type: integer}}} | Invalid value: {"x":1}: must not have unknown fields
          {type: integer, default: 1, x-kubernetes-validations: [{rule: self > 1}]} | Invalid value: 1: failed rule: self > 1
          {type: integer, default: 1, x-kubernetes-validations: [{rule: self > oldSelf}]} | Invalid value: 1: failed rule: self > oldSelf
          {type: object, default: {}, properties: {x: {type: integer, default: 0}}, x-kubernetes-validations: [{rule: self.x > 2}]} | Invalid value: "object": no such key: x evaluating rule: self.x > 2
          {type: string, format: date-time, default: x} | Invalid value: "x":  in body must be of type date-time: "x"
          {type: string, enum: [a], default: b} | Unsupported value: "b": supported values: "a"
          """)
  void defaultsMustFitTheirSchema(String schema, String problem) {
    assertThat(errors("type: object\nproperties: {a: " + schema + "}"))
        .containsExactly("schema.properties[a].default: " + problem);
  }

  @Test
  void oldValuesAreAskedForOnlyWhereThereAreSome() {
    assertThat(
            errors(
                "type: object\nproperties: {a: {type: array, maxItems: 9, items: {type: integer,"
                    + " x-kubernetes-validations: [{rule: self == oldSelf}]}}}"))
        .containsExactly(
            "schema.properties[a].items.x-kubernetes-validations[0].rule: Invalid value: \"self =="
                + " oldSelf\": oldSelf cannot be used on the uncorrelatable portion of the schema"
                + " within schema.properties[a]");
    assertThat(
            errors(
                "type: object\nproperties: {a: {type: integer, x-kubernetes-validations: [{rule:"
                    + " self > 1, optionalOldSelf: true}]}}"))
        .containsExactly(
            "schema.properties[a].x-kubernetes-validations[0].optionalOldSelf: Invalid value: true:"
                + " may not be set if oldSelf is not used in rule");
  }

  private static List<String> errors(String schema) {
    List<FieldError> errors = new ArrayList<>();
    At place = new At(Yaml.read(schema.getBytes(StandardCharsets.UTF_8)), "schema", errors);
    SchemaRules.check(place, false, false);
    return errors.stream().map(FieldError::toString).toList();
  }
}
