// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.BuiltinTypes;
import dev.havn.schema.ResourceType;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/// Every kind goes through protobuf and YAML and comes back as it was.
class RoundTripTest {
  private static final BuiltinTypes TYPES = BuiltinTypes.load();

  /// Stand in the envelope of a message.
  private static final Set<String> TYPE_META = Set.of("apiVersion", "kind");

  @Example
  void everyResourceHasNumbersForAllItsFields() {
    List<String> without =
        TYPES.resources().stream()
            .flatMap(
                type ->
                    type.schema().fields().values().stream()
                        .filter(field -> field.number() == 0)
                        .filter(field -> !TYPE_META.contains(field.name()))
                        .map(field -> type.qualifiedName() + " " + field.name()))
            .toList();
    assertThat(without).isEmpty();
  }

  @Property(tries = 20)
  void protobufKeepsEveryKind(@ForAll long seed) {
    for (ResourceType type : TYPES.resources()) {
      ObjectNode object = new RandomObjects(seed).object(type.schema());
      object.put("kind", type.kind()).put("apiVersion", type.apiVersion());
      byte[] sealed =
          Protobuf.seal(type.apiVersion(), type.kind(), Protobuf.message(object, type.schema()));
      ObjectNode back = Protobuf.decode(Protobuf.open(sealed), type.schema());
      assertThat(back).as(type.qualifiedName()).isEqualTo(object);
    }
  }

  @Property(tries = 5)
  void yamlKeepsEveryKind(@ForAll long seed) {
    for (ResourceType type : TYPES.resources()) {
      ObjectNode object = new RandomObjects(seed).object(type.schema());
      byte[] yaml = Yaml.write(object).getBytes(StandardCharsets.UTF_8);
      assertThat(Yaml.read(yaml)).as(type.qualifiedName()).isEqualTo(object);
    }
  }

  @Property(tries = 50)
  void bytesThatAreCutOffAreRefusedInWords(@ForAll long seed) {
    ResourceType pods =
        TYPES.resources().stream().filter(t -> t.plural().equals("pods")).findFirst().orElseThrow();
    ObjectNode object = new RandomObjects(seed).object(pods.schema());
    object.putObject("metadata").put("name", "a-name-long-enough-to-be-cut");
    byte[] message = Protobuf.message(object, pods.schema());
    Protobuf.Unknown cut =
        new Protobuf.Unknown("v1", "Pod", Arrays.copyOf(message, message.length - 1));
    assertThatThrownBy(() -> Protobuf.decode(cut, pods.schema()))
        .isInstanceOf(CodecException.class);
  }

  @Example
  void aFieldHasANumber() {
    byte[] start = "k8s\0".getBytes(StandardCharsets.US_ASCII);
    for (byte tag : new byte[] {1, 12}) {
      byte[] bytes = Arrays.copyOf(start, start.length + 2);
      bytes[start.length] = tag;
      assertThatThrownBy(() -> Protobuf.open(bytes))
          .isInstanceOf(CodecException.class)
          .hasMessage(
              tag == 1
                  ? "proto: Unknown: illegal tag 0 (wire type 1)"
                  : "proto: Unknown: wiretype end group for non-group");
    }
  }
}
