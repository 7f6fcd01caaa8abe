// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.schema.BuiltinTypes;
import dev.havn.schema.Schema;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What is no object of the API, and must not become one or end a thread.
class HostileInputTest {
  private static final BuiltinTypes TYPES = BuiltinTypes.load();

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void numbersThatNobodyCanWriteAreRefused() {
    assertThatThrownBy(() -> Json.read(bytes("{\"a\":1e999}")))
        .isInstanceOf(CodecException.class)
        .hasMessage("json: cannot unmarshal number 1e999 into Go value of type float64");
    assertThatThrownBy(() -> Json.read(bytes("[-1e999]"))).isInstanceOf(CodecException.class);
    for (String each : new String[] {"a: .inf", "a: -.inf", "a: .nan"}) {
      assertThatThrownBy(() -> Yaml.read(bytes(each))).as(each).isInstanceOf(CodecException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"a: !!int []", "a: !!bool {b: c}", "a: !!float [1]", "!!int {}"})
  void aCollectionIsNoWord(String yaml) {
    assertThatThrownBy(() -> Yaml.read(bytes(yaml))).isInstanceOf(CodecException.class);
  }

  @Test
  void messagesInMessagesEndSomewhere() {
    Schema.Struct recursive =
        Objects.requireNonNull(
            TYPES.struct(
                "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"));
    int itself = Objects.requireNonNull(recursive.field("not")).number();
    Wire.Writer inner = new Wire.Writer();
    inner.text(1, "x");
    for (int i = 0; i < 20_000; i++) {
      Wire.Writer outer = new Wire.Writer(inner.size() + 10);
      outer.message(itself, inner);
      inner = outer;
    }
    byte[] nested = inner.toBytes();
    assertThatThrownBy(() -> ProtobufReader.read(nested, recursive))
        .isInstanceOf(CodecException.class)
        .hasMessageContaining("recursion");
  }

  @ParameterizedTest
  @ValueSource(longs = {Long.MIN_VALUE, Long.MAX_VALUE, 253_402_300_800L, -62_167_219_201L})
  void timesOfOtherErasAreRefused(long seconds) {
    Wire.Writer time = new Wire.Writer();
    time.number(1, seconds);
    Wire.Writer metadata = new Wire.Writer();
    metadata.message(8, time);
    Wire.Writer object = new Wire.Writer();
    object.message(1, metadata);
    Schema.Struct map = Objects.requireNonNull(TYPES.struct("io.k8s.api.core.v1.ConfigMap"));
    assertThatThrownBy(() -> ProtobufReader.read(object.toBytes(), map))
        .isInstanceOf(CodecException.class)
        .hasMessageContaining("year outside of range");
  }

  @Test
  void lengthsBeyondTheEndAreRefused() {
    for (long length : new long[] {-1, Long.MIN_VALUE, 1L << 40, 5}) {
      Wire.Writer out = new Wire.Writer();
      out.tag(1, Wire.BYTES);
      out.varint(length);
      byte[] bytes = out.toBytes();
      assertThatThrownBy(() -> new Wire.Reader(bytes, 1, bytes.length).bytes())
          .isInstanceOf(CodecException.class);
    }
  }

  @Test
  void theNamesOfRepeatedFieldsTakeNoMoreThanTheyAreWorth() {
    String deep = "x".repeat(40_000);
    StringBuilder text = new StringBuilder("{\"" + deep + "\":{\"a\":1");
    for (int i = 0; i < 1_000; i++) {
      text.append(",\"a").append(i).append("\":1,\"a").append(i).append("\":2");
    }
    byte[] body = text.append("}}").toString().getBytes(StandardCharsets.UTF_8);
    assertThat(Json.read(body).duplicates()).isNotEmpty().hasSizeLessThan(4);
  }
}
