// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.service;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.havn.network.rules.Family;
import dev.havn.network.rules.Rules;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/// A Service with its slices from a file, and what it means on two nodes.
public record GoldenServices(Service service, List<EndpointSlice> slices) {
  private static final KubernetesSerialization YAML = new KubernetesSerialization();
  private static final ObjectMapper JSON = new ObjectMapper();
  public static final List<String> ALL =
      List.of("cluster", "local", "near", "ending", "shared", "six");

  static final List<Place> NODES =
      List.of(
          new Place("a", "hv0123abcd00", "10.244.0.1", "x"),
          new Place("b", "hv0123abcd01", "10.244.1.1", "y"));

  private static final List<Place> SECOND =
      List.of(
          new Place("a", "hv0123abcd00", "fd00:10:244::1", "x"),
          new Place("b", "hv0123abcd01", "fd00:10:244:1::1", "y"));

  public static GoldenServices read(String name) throws IOException {
    String yaml = text(name + ".input.yaml");
    JsonNode tree = JSON.readTree(YAML.asJson(YAML.unmarshal("---\n" + yaml, Object.class)));
    List<EndpointSlice> slices = new ArrayList<>();
    Service service = new Service();
    for (JsonNode item : tree.path("items")) {
      if (item.path("kind").asText().equals("Service")) {
        service = YAML.unmarshal(item.toString(), Service.class);
      } else {
        slices.add(YAML.unmarshal(item.toString(), EndpointSlice.class));
      }
    }
    return new GoldenServices(service, slices);
  }

  public ServiceRules rules() {
    return rules(Family.IPV4);
  }

  public ServiceRules rules(Family family) {
    return ServiceRules.of(
        family,
        service,
        slices,
        family == Family.IPV4 ? NODES : SECOND,
        "hv0123abcd*",
        each -> each.startsWith("10.96.") || each.startsWith("fd00:10:96:"));
  }

  static String text(String resource) throws IOException {
    try (InputStream in = GoldenServices.class.getResourceAsStream(resource)) {
      return new String(
          Objects.requireNonNull(in, resource).readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  static String text(Rules rules) {
    StringBuilder text = new StringBuilder();
    rules
        .elements()
        .forEach(
            (element, value) ->
                text.append(element.set())
                    .append(" { ")
                    .append(element.key())
                    .append(value.isEmpty() ? "" : " : " + value)
                    .append(" }\n"));
    rules.sets().forEach((name, set) -> text.append("set ").append(name + " " + set + "\n"));
    rules
        .chains()
        .forEach(
            (name, all) -> {
              text.append("chain ").append(name).append('\n');
              all.forEach(rule -> text.append("  ").append(rule).append('\n'));
            });
    return text.toString();
  }
}
