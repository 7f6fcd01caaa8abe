// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.transport;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.apiserver.resource.Objects;
import dev.havn.apiserver.streaming.PodAddresses;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// Finds the pods behind a Service in its EndpointSlices, any of those that are ready.
public final class ReadyPods implements ServiceResolver {
  private static final String SERVICE_LABEL = "kubernetes.io/service-name";

  private final Objects objects;
  private final PodAddresses.Nodes nodes;
  private final RandomGenerator random;

  /// @param nodes who know their pods' addresses
  public ReadyPods(Objects objects, PodAddresses.Nodes nodes, RandomGenerator random) {
    this.objects = objects;
    this.nodes = nodes;
    this.random = random;
  }

  @Override
  public InetSocketAddress resolve(String namespace, String name, int port) {
    @Nullable ObjectNode service = objects.read("v1", "services", namespace, name);
    if (service == null) {
      throw failure("service \"" + name + "\" not found");
    }
    String type = service.path("spec").path("type").asText("ClusterIP");
    if (type.equals("ExternalName")) {
      throw failure("unsupported service type \"" + type + "\"");
    }
    String portName = portName(service, port);
    for (ObjectNode slice : slices(service, namespace, name)) {
      for (JsonNode each : slice.path("ports")) {
        if (each.path("name").asText("").equals(portName) && each.path("port").isInt()) {
          List<JsonNode> ready = ready(slice);
          if (!ready.isEmpty()) {
            JsonNode chosen = ready.get(random.nextInt(ready.size()));
            return new InetSocketAddress(address(namespace, chosen), each.path("port").asInt());
          }
        }
      }
    }
    throw failure("no endpoints available for service \"" + name + "\"");
  }

  private static UnreachableException failure(String why) {
    return new UnreachableException(why);
  }

  private static String portName(ObjectNode service, int port) {
    for (JsonNode each : service.path("spec").path("ports")) {
      if (each.path("port").asInt() == port) {
        return each.path("name").asText("");
      }
    }
    String name = service.path("metadata").path("name").asText();
    throw failure("no service port " + port + " found for service \"" + name + "\"");
  }

  /// Those of the first family before the others.
  private List<ObjectNode> slices(ObjectNode service, String namespace, String name) {
    String family = service.path("spec").path("ipFamilies").path(0).asText("IPv4");
    List<ObjectNode> slices = new ArrayList<>();
    for (ObjectNode each : objects.list("discovery.k8s.io/v1", "endpointslices", namespace)) {
      if (each.path("metadata").path("labels").path(SERVICE_LABEL).asText("").equals(name)) {
        slices.add(each);
      }
    }
    slices.sort(Comparator.comparing(each -> !each.path("addressType").asText().equals(family)));
    return slices;
  }

  private static List<JsonNode> ready(ObjectNode slice) {
    List<JsonNode> ready = new ArrayList<>();
    for (JsonNode each : slice.path("endpoints")) {
      if (each.path("conditions").path("ready").asBoolean(true)
          && !each.path("addresses").isEmpty()) {
        ready.add(each);
      }
    }
    return ready;
  }

  private InetAddress address(String namespace, JsonNode endpoint) {
    JsonNode reference = endpoint.path("targetRef");
    @Nullable ObjectNode pod =
        reference.path("kind").asText().equals("Pod")
            ? objects.read("v1", "pods", namespace, reference.path("name").asText())
            : null;
    try {
      return PodAddresses.checked(endpoint.path("addresses").path(0).asText(), pod, nodes);
    } catch (ApiException e) {
      throw new UnreachableException(String.valueOf(e.getMessage()), e);
    }
  }
}
