// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.junit.jupiter.api.Test;

class ServiceDefaultsTest {
  private final ObjectNode service = JsonNodeFactory.instance.objectNode();

  private JsonNode defaulted() {
    ServiceDefaults.apply(service, service.withObjectProperty("spec"));
    return service;
  }

  private ArrayNode ingress() {
    return service
        .withObjectProperty("status")
        .withObjectProperty("loadBalancer")
        .withArrayProperty("ingress");
  }

  @Test
  void anAddressOfALoadBalancerIsVirtualUnlessItSaysOtherwise() {
    ingress().addObject().put("ip", "192.0.2.1");
    ingress().addObject().put("ip", "192.0.2.2").put("ipMode", "Proxy");
    ingress().addObject().put("hostname", "lb.example.com");
    JsonNode all = defaulted().path("status").path("loadBalancer").path("ingress");
    assertThat(all.path(0).path("ipMode").asText()).isEqualTo("VIP");
    assertThat(all.path(1).path("ipMode").asText()).isEqualTo("Proxy");
    assertThat(all.path(2).has("ipMode")).isFalse();
  }

  @Test
  void aTargetPortIsThePortItself() {
    ArrayNode ports = service.withObjectProperty("spec").withArrayProperty("ports");
    ports.addObject().put("port", 80);
    ports.addObject().put("port", 80).put("targetPort", "web");
    JsonNode all = defaulted().path("spec").path("ports");
    assertThat(all.path(0).path("targetPort").asInt()).isEqualTo(80);
    assertThat(all.path(1).path("targetPort").asText()).isEqualTo("web");
  }
}
