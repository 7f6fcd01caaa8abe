// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.BuiltinTypes;
import dev.havn.schema.Schema;
import dev.havn.schema.codec.Yaml;
import dev.havn.schema.validate.FieldError;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EndpointRulesTest {
  private static final Schema.Struct SLICE =
      BuiltinTypes.load().struct("io.k8s.api.discovery.v1.EndpointSlice");

  private static ObjectNode slice(String type, String endpoint) {
    String yaml =
        "metadata: {name: a}\naddressType: %s\nendpoints: [%s]\n".formatted(type, endpoint);
    return (ObjectNode) Yaml.read(yaml.getBytes(StandardCharsets.UTF_8));
  }

  private static List<String> fields(List<FieldError> errors) {
    return errors.stream().map(each -> each.field() + " " + each.type()).toList();
  }

  @ParameterizedTest
  @CsvSource({
    "IPv4, 10.1.2.3, 0",
    "IPv4, '::1', 2",
    "IPv4, 0.0.0.0, 1",
    "IPv4, 127.0.0.1, 0",
    "IPv4, 127.0.0.2, 1",
    "IPv4, 169.254.1.1, 1",
    "IPv4, 224.0.0.1, 1",
    "IPv4, a, 1",
    "IPv6, 10.1.2.3, 1",
    "IPv6, 'fe80::1', 1",
    "IPv6, 'ff02::1', 1",
    "IPv6, '2001:db8::1', 0",
    "FQDN, a.b., 0",
    "FQDN, a, 1",
    "FQDN, '-.a', 1",
    "Other, a, 1",
  })
  void anAddressIsOfItsTypeAndCanBeReached(String type, String address, int problems) {
    ObjectNode slice = slice(type, "{addresses: ['%s']}".formatted(address));
    assertThat(Rules.onCreate("EndpointSlice", slice, SLICE)).hasSize(problems);
  }

  @Test
  void aHintIsALabelValueAndStandsOnce() {
    ObjectNode slice =
        slice("IPv4", "{addresses: [10.1.2.3], hints: {forZones: [{name: a/b}, {name: a/b}]}}");
    assertThat(fields(Rules.onCreate("EndpointSlice", slice, SLICE)))
        .containsExactly(
            "endpoints[0].hints.forZones[0].name INVALID",
            "endpoints[0].hints.forZones[1].name DUPLICATE",
            "endpoints[0].hints.forZones[1].name INVALID");
  }

  @Test
  void endpointsThatStandAsTheyStoodAreNotLookedAtAgain() {
    ObjectNode before = slice("IPv4", "{addresses: [10.1.2.3]}");
    ObjectNode after = slice("IPv6", "{addresses: [10.1.2.3]}");
    assertThat(fields(Rules.onUpdate("EndpointSlice", before, after, SLICE)))
        .containsExactly("addressType INVALID");
    ObjectNode changed = slice("IPv6", "{addresses: [10.1.2.4]}");
    assertThat(fields(Rules.onUpdate("EndpointSlice", before, changed, SLICE)))
        .containsExactly("endpoints[0].addresses INVALID", "addressType INVALID");
  }
}
