// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.addresses.AddressFamily;
import dev.havn.schema.ResourceType;
import dev.havn.schema.validate.Times;
import java.time.InstantSource;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// The IPAddresses that say which Service has which cluster address (KEP-1880). One is made before
/// its Service is stored and goes after it, so there may be one too many when the server ends
/// between: see [AddressRepair].
final class ServiceAddresses {
  static final String API = "networking.k8s.io/v1";
  static final String PLURAL = "ipaddresses";

  private static final String MANAGED_BY = "ipaddress.kubernetes.io/managed-by";
  private static final String MANAGER = "ipallocator.k8s.io";
  private static final String FAMILY = "ipaddress.kubernetes.io/ip-family";

  private final Objects objects;
  private final InstantSource clock;
  private final RandomGenerator random;

  ServiceAddresses(Objects objects, InstantSource clock, RandomGenerator random) {
    this.objects = objects;
    this.clock = clock;
    this.random = random;
  }

  private ResourceType type() {
    return objects.registry().get(API, PLURAL);
  }

  @Nullable StoredObject find(String address) {
    return objects.find(type(), "", address);
  }

  /// The cluster addresses of a Service, none of one that has no other name than its own.
  static Set<String> of(@Nullable JsonNode service) {
    Set<String> addresses = new LinkedHashSet<>();
    if (service != null && !service.path("spec").path("type").asText().equals("ExternalName")) {
      for (JsonNode each : service.path("spec").path("clusterIPs")) {
        if (ServiceRange.isAddress(each.asText())) {
          addresses.add(ServiceRange.canonical(each.asText()));
        }
      }
    }
    return addresses;
  }

  /// Whether an IPAddress is of this server's making.
  static boolean isManaged(JsonNode address) {
    return address.path("metadata").path("labels").path(MANAGED_BY).asText("").equals(MANAGER);
  }

  /// Whether `address` is noted as this Service's.
  static boolean isOf(JsonNode address, JsonNode service) {
    JsonNode parent = address.path("spec").path("parentRef");
    JsonNode metadata = service.path("metadata");
    return parent.path("resource").asText().equals("services")
        && parent.path("namespace").asText().equals(metadata.path("namespace").asText())
        && parent.path("name").asText().equals(metadata.path("name").asText());
  }

  /// Notes that a Service has these addresses.
  void note(JsonNode service, Set<String> addresses) {
    for (String each : addresses) {
      objects.add(type(), object(service, each));
    }
  }

  /// Takes back what was noted of this Service, and nothing of another's.
  void forget(JsonNode service, Set<String> addresses) {
    for (String each : addresses) {
      @Nullable StoredObject found = find(each);
      if (found != null && isOf(found.shared(), service)) {
        objects.remove(found);
      }
    }
  }

  private ObjectNode object(JsonNode service, String address) {
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    object.put("kind", "IPAddress").put("apiVersion", API);
    ObjectNode metadata = object.putObject("metadata").put("name", address);
    metadata.put("uid", Uid.next(random));
    metadata.put("creationTimestamp", Times.seconds(clock.instant()));
    metadata
        .putObject("labels")
        .put(FAMILY, AddressFamily.of(address).toString())
        .put(MANAGED_BY, MANAGER);
    JsonNode of = service.path("metadata");
    object
        .putObject("spec")
        .putObject("parentRef")
        .put("resource", "services")
        .put("namespace", of.path("namespace").asText())
        .put("name", of.path("name").asText());
    return object;
  }
}
