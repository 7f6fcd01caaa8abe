// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.addresses.AddressFamily;
import dev.havn.schema.ResourceType;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// Makes IPAddresses and Services say the same again: after somebody has deleted or changed an
/// IPAddress, after a server that ended between two writes, and in clusters that are older than
/// IPAddresses. A look finds all that is wrong at that moment.
public final class AddressRepair {
  /// How long an address may be without its Service, which is stored after it.
  private static final Duration GRACE = Duration.ofMinutes(1);

  private static final String OF_SERVICE = "ClusterIPAllocation";
  private static final String OF_ADDRESS = "IPAddressAllocation";

  private final Objects objects;
  private final ServiceAddresses addresses;
  private final Reporter reporter;
  private final InstantSource clock;

  /// Warns of an object.
  @FunctionalInterface
  public interface Reporter {
    /// @param about the object, with `kind` and `apiVersion`
    void warn(ObjectNode about, String reason, String action, String message);
  }

  public AddressRepair(
      Objects objects, Reporter reporter, InstantSource clock, RandomGenerator random) {
    this.objects = objects;
    this.addresses = new ServiceAddresses(objects, clock, random);
    this.reporter = reporter;
    this.clock = clock;
  }

  /// Looks at all of them.
  public void run() {
    Map<String, ObjectNode> services = new HashMap<>();
    List<ServiceRange> ranges = ServiceRange.declared(objects);
    for (ObjectNode service : objects.list("v1", "services", "")) {
      services.put(key(service.path("metadata")), service);
    }
    for (ObjectNode service : services.values()) {
      for (String address : ServiceAddresses.of(service)) {
        allocated(service, address, ranges, services);
      }
    }
    for (ObjectNode address : objects.list(ServiceAddresses.API, ServiceAddresses.PLURAL, "")) {
      if (ServiceAddresses.isManaged(address)) {
        owned(address, services);
      }
    }
  }

  private static String key(JsonNode of) {
    return of.path("namespace").asText() + "/" + of.path("name").asText();
  }

  private void allocated(
      ObjectNode service,
      String address,
      List<ServiceRange> ranges,
      Map<String, ObjectNode> services) {
    AddressFamily of = AddressFamily.of(address);
    String family = "[" + of + "]: " + address;
    if (ranges.stream().noneMatch(each -> each.holds(address))) {
      reporter.warn(
          service,
          "ClusterIPOutOfRange",
          OF_SERVICE,
          "Cluster IP %s is not within any configured Service CIDR; please recreate service"
              .formatted(family));
      return;
    }
    @Nullable StoredObject found = addresses.find(address);
    if (found == null) {
      warnUnallocated(service, "Cluster IP %s is not allocated; repairing".formatted(family));
      addresses.note(service, Set.of(address));
      return;
    }
    ObjectNode noted = found.shared();
    @Nullable ObjectNode other = services.get(key(noted.path("spec").path("parentRef")));
    if (ServiceAddresses.isOf(noted, service)) {
      if (!ServiceAddresses.isManaged(noted)) {
        again(service, address, found);
      }
    } else if (other == null || !ServiceAddresses.isOf(noted, other)) {
      warnUnallocated(
          service,
          "the ClusterIP %s for Service %s has a wrong reference; repairing"
              .formatted(family, key(service.path("metadata"))));
      again(service, address, found);
    } else if (ServiceAddresses.of(other).contains(address)) {
      reporter.warn(
          service,
          "ClusterIPAlreadyAllocated",
          OF_SERVICE,
          "Cluster IP [%s]:%s was assigned to multiple services; please recreate service"
              .formatted(of, address));
    }
  }

  private void warnUnallocated(ObjectNode service, String message) {
    reporter.warn(service, "ClusterIPNotAllocated", OF_SERVICE, message);
  }

  private void again(ObjectNode service, String address, StoredObject wrong) {
    objects.remove(wrong);
    addresses.note(service, Set.of(address));
  }

  private void owned(ObjectNode address, Map<String, ObjectNode> services) {
    String name = address.path("metadata").path("name").asText();
    JsonNode parent = address.path("spec").path("parentRef");
    if (!parent.path("group").asText("").isEmpty()
        || !parent.path("resource").asText().equals("services")) {
      remove(
          address,
          "IPAddressNotAllocated",
          "IPAddress %s appears to have been modified, not referencing a Service %s: cleaning up"
              .formatted(name, pointer(parent)));
      return;
    }
    Instant made = Instant.parse(address.path("metadata").path("creationTimestamp").asText());
    if (!Duration.between(made, clock.instant()).minus(GRACE).isPositive()) {
      return;
    }
    @Nullable ObjectNode service = services.get(key(parent));
    if (service == null) {
      remove(
          address,
          "IPAddressNotAllocated",
          "IPAddress: %s for Service %s appears to have leaked: cleaning up"
              .formatted(name, key(parent)));
    } else if (!ServiceAddresses.of(service).contains(name)) {
      remove(
          address,
          "IPAddressWrongReference",
          "IPAddress: %s for Service %s has a wrong reference; cleaning up"
              .formatted(name, key(parent)));
    }
  }

  /// As Go prints what a pointer leads to.
  private static String pointer(JsonNode parent) {
    return "&ParentReference{Group:%s,Resource:%s,Namespace:%s,Name:%s,}"
        .formatted(
            parent.path("group").asText(""),
            parent.path("resource").asText(""),
            parent.path("namespace").asText(""),
            parent.path("name").asText(""));
  }

  private void remove(ObjectNode address, String reason, String message) {
    reporter.warn(address, reason, OF_ADDRESS, message);
    ResourceType type = objects.registry().get(ServiceAddresses.API, ServiceAddresses.PLURAL);
    @Nullable StoredObject found =
        objects.find(type, "", address.path("metadata").path("name").asText());
    if (found != null && found.shared().path("metadata").equals(address.path("metadata"))) {
      objects.remove(found);
    }
  }
}
