// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.codec;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.BuiltinTypes;
import dev.havn.schema.Schema;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// JSON schemas of CustomResourceDefinitions as protobuf: where a schema may stand, something else
/// may stand, too.
class JsonSchemaProtobufTest {
  private static final String SCHEMA =
      "{type: object, properties: {list: {type: array, items: {type: string}}, map: {type: object,"
          + " additionalProperties: {type: integer}}, open: {type: object, additionalProperties:"
          + " true}, closed: {type: object, additionalProperties: false}, some: {items: [{type:"
          + " string}, {type: integer}], dependencies: {a: [b, c], d: {type: object}}, default: {x:"
          + " 1}}}}";

  @Test
  void schemasComeBackAsTheyWere() {
    Schema.@Nullable Struct type =
        BuiltinTypes.load()
            .struct("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps");
    assertThat(type).isNotNull();
    ObjectNode schema = (ObjectNode) Yaml.read(SCHEMA.getBytes(StandardCharsets.UTF_8));
    if (type != null) {
      assertThat(ProtobufReader.read(ProtobufWriter.write(schema, type), type)).isEqualTo(schema);
    }
  }
}
