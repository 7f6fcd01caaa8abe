// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.codec;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.BuiltinTypes;
import dev.havn.schema.Schema;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/// Lists of resources, in which one list is a message of its own.
class DiscoveryProtobufTest {
  private static final Schema.Struct RESOURCES =
      BuiltinTypes.load().struct("io.k8s.apimachinery.pkg.apis.meta.v1.APIResourceList");

  @Test
  void verbsAreAMessageAndShortNamesAreNot() {
    ObjectNode list =
        (ObjectNode)
            Yaml.read(
                "{groupVersion: v1, resources: [{name: a, namespaced: false, kind: A, verbs: [get, list], shortNames: [b, c]}]}"
                    .getBytes(StandardCharsets.UTF_8));
    byte[] bytes = Protobuf.message(list, RESOURCES);
    assertThat(HexFormat.of().formatHex(bytes))
        .as("verbs, field 4: a message with get and list as field 1")
        .contains("220b0a036765740a046c697374")
        .as("shortNames, field 5: b and c")
        .contains("2a01622a0163");
    assertThat(ProtobufReader.read(bytes, RESOURCES)).isEqualTo(list);
  }
}
