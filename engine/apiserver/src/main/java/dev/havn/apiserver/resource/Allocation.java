// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.ResourceType;
import dev.havn.schema.validate.FieldError;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// Cluster addresses and node ports of Services. What is taken is read from the Services
/// themselves, so nothing can leak or be lost; one Service is stored at a time.
final class Allocation {
  private static final Set<String> KINDS = Set.of("ClusterIP", "NodePort", "LoadBalancer");

  /// Held while a Service is written, by one server of all on the store.
  private static final String LOCK = "services";

  private final Objects objects;
  private final RandomGenerator random;
  private final long network;
  private final int bits;

  /// @param range IPv4 in CIDR notation
  Allocation(Objects objects, String range, RandomGenerator random) {
    this.objects = objects;
    this.random = random;
    String[] parts = range.split("/");
    this.network = toNumber(parts[0]);
    this.bits = 32 - Integer.parseInt(parts[1]);
  }

  /// Runs a write of a Service alone, so that what it is given is still free when it is stored;
  /// anything else just runs.
  <T> T guarded(ResourceType type, Supplier<T> write) {
    if (!isService(type)) {
      return write.get();
    }
    return objects.store().alone(LOCK, write);
  }

  private static boolean isService(ResourceType type) {
    return type.builtinKind().equals("Service") && type.group().isEmpty();
  }

  /// Gives a Service addresses and ports, before it is looked at whether it is valid.
  void prepare(Call call, ObjectNode service, @Nullable ObjectNode before) {
    ResourceType type = call.type();
    if (!isService(type)) {
      return;
    }
    ObjectNode spec = service.withObjectProperty("spec");
    @Nullable JsonNode old = before == null ? null : before.path("spec");
    if (old != null) {
      ServiceUpdates.keepAllocated(old, spec);
    }
    ServiceFamilies.normalize(spec, old);
    if (!spec.path("type").asText("").equals("ExternalName")) {
      ServiceFamilies.choose(type, service.path("metadata").path("name").asText(), spec, old);
      allocate(type, service, old, call.isDryRun());
    }
    if (old != null) {
      ServiceUpdates.dropUnused(old, service);
    }
  }

  private void allocate(
      ResourceType type, ObjectNode service, @Nullable JsonNode old, boolean dryRun) {
    ObjectNode spec = service.withObjectProperty("spec");
    String kind = spec.path("type").asText("");
    if (!KINDS.contains(kind)) {
      return;
    }
    String name = service.path("metadata").path("name").asText();
    String uid = service.path("metadata").path("uid").asText();
    Set<String> addresses = new HashSet<>();
    Set<Integer> ports = new HashSet<>();
    for (ObjectNode other : objects.list("v1", "services", "")) {
      if (!other.path("metadata").path("uid").asText().equals(uid)) {
        addresses.add(other.path("spec").path("clusterIP").asText());
        other.path("spec").path("ports").forEach(port -> ports.add(port.path("nodePort").asInt()));
        ports.add(other.path("spec").path("healthCheckNodePort").asInt());
      }
    }
    boolean had = old != null && !old.path("type").asText().equals("ExternalName");
    String wanted = spec.path("clusterIP").asText("");
    if (wanted.isEmpty()) {
      wanted = dryRun ? toText(network) : free(addresses);
      spec.put("clusterIP", wanted);
      spec.putArray("clusterIPs").add(wanted);
    } else if (!wanted.equals("None") && !had) {
      check(type, name, wanted, dryRun ? Set.of() : addresses);
    }
    NodePorts nodes = new NodePorts(type, name, ports, dryRun, random);
    if (!kind.equals("ClusterIP") && old == null) {
      nodes.ofNew(spec);
    } else if (!kind.equals("ClusterIP") && old != null) {
      nodes.ofChanged(spec, old);
    }
    if (ServiceUpdates.isProbed(spec) && (old == null || !ServiceUpdates.isProbed(old))) {
      nodes.ofHealth(spec);
    }
  }

  private void check(ResourceType type, String name, String address, Set<String> taken) {
    String problem = null;
    if (!address.matches("[0-9]{1,3}(\\.[0-9]{1,3}){3}")) {
      problem = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
    } else if (toNumber(address) >> bits != network >> bits) {
      problem =
          "failed to allocate IP %s: the provided IP (%s) is not in the valid range. The range of valid IPs is %s/%d"
              .formatted(address, address, toText(network), 32 - bits);
    } else if (taken.contains(address)) {
      problem = "failed to allocate IP %s: provided IP is already allocated".formatted(address);
    }
    if (problem != null) {
      throw ApiException.invalid(
          type,
          name,
          List.of(FieldError.invalid("spec.clusterIPs", "[\"" + address + "\"]", problem)));
    }
  }

  private String free(Set<String> taken) {
    long size = (1L << bits) - 2;
    long start = random.nextLong(size);
    for (long i = 0; i < size; i++) {
      String address = toText(network + 1 + (start + i) % size);
      if (!taken.contains(address)) {
        return address;
      }
    }
    throw ApiException.internal("failed to allocate a serviceIP: range is full");
  }

  private static long toNumber(String address) {
    long number = 0;
    for (String part : address.split("\\.")) {
      number = (number << 8) | Integer.parseInt(part);
    }
    return number;
  }

  private static String toText(long number) {
    return "%d.%d.%d.%d"
        .formatted(number >> 24 & 255, number >> 16 & 255, number >> 8 & 255, number & 255);
  }
}
