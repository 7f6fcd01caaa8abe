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
import org.junit.jupiter.params.provider.ValueSource;

class EndpointRulesTest {
  private static final Schema.Struct ENDPOINTS =
      BuiltinTypes.load().struct("io.k8s.api.core.v1.Endpoints");

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

  /// What may be reached is decided by the spelling of an address.
  @ParameterizedTest
  @ValueSource(
      strings = {
        "::ffff:10.128.0.5",
        "::ffff:a80:5",
        "0:0:0:0:0:ffff:a80:5",
        "::FFFF:a80:5",
        "::ffff:127.0.0.1"
      })
  void noAddressOfVersion4IsWrittenAsOneOfVersion6(String address) {
    for (String type : List.of("IPv4", "IPv6")) {
      ObjectNode slice = slice(type, "{addresses: ['%s']}".formatted(address));
      assertThat(Rules.onCreate("EndpointSlice", slice, SLICE))
          .extracting(each -> each.field() + ": " + each.detail())
          .containsExactly("endpoints[0].addresses[0]: must not be an IPv4-mapped IPv6 address");
    }
    String yaml = "metadata: {name: a}\nsubsets: [{addresses: [{ip: '%s'}]}]\n";
    ObjectNode endpoints =
        (ObjectNode) Yaml.read(yaml.formatted(address).getBytes(StandardCharsets.UTF_8));
    assertThat(Rules.onCreate("Endpoints", endpoints, ENDPOINTS))
        .extracting(each -> each.field() + ": " + each.detail())
        .containsExactly("subsets[0].addresses[0].ip: must not be an IPv4-mapped IPv6 address");
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
