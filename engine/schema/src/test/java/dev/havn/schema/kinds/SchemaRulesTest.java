// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.schema.codec.Yaml;
import dev.havn.schema.validate.FieldError;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

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

  private static List<String> errors(String schema) {
    List<FieldError> errors = new ArrayList<>();
    At place = new At(Yaml.read(schema.getBytes(StandardCharsets.UTF_8)), "schema", errors);
    SchemaRules.check(place, false, false);
    return errors.stream().map(FieldError::toString).toList();
  }
}
