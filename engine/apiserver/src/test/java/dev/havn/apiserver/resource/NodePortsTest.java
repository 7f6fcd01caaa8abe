// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.BuiltinTypes;
import dev.havn.schema.codec.Yaml;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/// Which ports of the nodes Services get: here the first that is free.
class NodePortsTest {
  private static final RandomGenerator LOWEST = () -> 0;

  private static NodePorts ports(Integer... taken) {
    return new NodePorts(
        BuiltinTypes.load().resources().stream()
            .filter(each -> each.qualifiedName().equals("services"))
            .findFirst()
            .orElseThrow(),
        "s",
        List.of(taken)::contains,
        false,
        LOWEST);
  }

  private static ObjectNode spec(String yaml) {
    return (ObjectNode) Yaml.read(yaml.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void aNewPortIsNoneThatTheServiceHas() {
    ObjectNode old =
        spec("{type: NodePort, healthCheckNodePort: 30001, ports: [{port: 80, nodePort: 30000}]}");
    ObjectNode now =
        spec("{type: NodePort, ports: [{port: 80, nodePort: 30000}, {port: 81, protocol: UDP}]}");
    ports().ofChanged(now, old);
    assertThat(now.at("/ports/0/nodePort").asInt()).isEqualTo(30000);
    assertThat(now.at("/ports/1/nodePort").asInt()).isEqualTo(30002);
  }

  @Test
  void aNewServiceGetsNoPortOfOthers() {
    ObjectNode now = spec("{type: NodePort, ports: [{port: 80}, {port: 81}]}");
    ports(30000, 30002).ofNew(now);
    assertThat(Set.of(now.at("/ports/0/nodePort").asInt(), now.at("/ports/1/nodePort").asInt()))
        .containsExactlyInAnyOrder(30001, 30003);
  }
}
