// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.addresses.AddressFamily;
import dev.havn.addresses.AddressRange;
import dev.havn.addresses.Ranges;
import dev.havn.schema.ResourceType;
import dev.havn.schema.validate.FieldError;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// Cluster addresses and node ports of Services. What is taken is read from the Services
/// themselves, so nothing can leak or be lost, and from the IPAddresses, which others may make,
/// too; one Service is stored at a time.
final class Allocation {
  private static final Set<String> KINDS = Set.of("ClusterIP", "NodePort", "LoadBalancer");

  /// Held while a Service is written, by one server of all on the store.
  private static final String LOCK = "services";

  private static final String ALL = "clusterIPs";

  private final Objects objects;
  private final RandomGenerator random;
  private final ServiceAddresses noted;
  private final TakenByServices taken;

  private final ServiceFamilies families;

  /// Judge dry runs, which take nothing.
  private final Ranges standard;

  Allocation(Objects objects, Ranges ranges, InstantSource clock, RandomGenerator random) {
    this.objects = objects;
    this.random = random;
    this.taken = new TakenByServices(objects);
    this.noted = new ServiceAddresses(objects, clock, random);
    this.standard = ranges;
    this.families = new ServiceFamilies(ranges.families());
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
      families.choose(type, service.path("metadata").path("name").asText(), spec, old);
      allocate(type, service, old, call.isDryRun());
    }
    if (old != null) {
      ServiceUpdates.dropUnused(old, service);
    }
  }

  /// Notes the addresses that a Service is about to get; to be taken back when it is not stored.
  ///
  /// @return what was noted
  Set<String> note(ResourceType type, ObjectNode service, @Nullable ObjectNode before) {
    Set<String> fresh = isService(type) ? ServiceAddresses.of(service) : Set.of();
    if (!fresh.isEmpty()) {
      fresh.removeAll(ServiceAddresses.of(before));
      noted.note(service, fresh);
    }
    return fresh;
  }

  void takeBack(ObjectNode service, Set<String> addresses) {
    noted.forget(service, addresses);
  }

  /// Frees the addresses that a Service had, when it is changed or gone.
  ///
  /// @param after null when it is gone
  void free(ResourceType type, ObjectNode before, @Nullable ObjectNode after) {
    if (isService(type)) {
      Set<String> left = ServiceAddresses.of(before);
      left.removeAll(ServiceAddresses.of(after));
      noted.forget(before, left);
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
    String namespace = service.path("metadata").path("namespace").asText();
    TakenByServices.Others others = taken.butOf(Registry.key(type, namespace, name), uid);
    if (!ServiceFamilies.isHeadless(spec)) {
      boolean had = old != null && !old.path("type").asText().equals("ExternalName");
      addresses(type, name, spec, had && old != null ? old.path(ALL) : null, others, dryRun);
    }
    NodePorts nodes = new NodePorts(type, name, others::havePort, dryRun, random);
    if (!kind.equals("ClusterIP") && old == null) {
      nodes.ofNew(spec);
    } else if (!kind.equals("ClusterIP") && old != null) {
      nodes.ofChanged(spec, old);
    }
    if (ServiceUpdates.isProbed(spec) && (old == null || !ServiceUpdates.isProbed(old))) {
      nodes.ofHealth(spec);
    }
  }

  /// An address for each family.
  ///
  /// @param before those that the Service has, null for none
  private void addresses(
      ResourceType type,
      String name,
      ObjectNode spec,
      @Nullable JsonNode before,
      TakenByServices.Others others,
      boolean dryRun) {
    ArrayNode all = spec.withArrayProperty(ALL);
    JsonNode wanted = spec.path("ipFamilies");
    for (int i = 0; i < wanted.size(); i++) {
      AddressFamily family =
          wanted.get(i).asText().equals(AddressFamily.IPV6.toString())
              ? AddressFamily.IPV6
              : AddressFamily.IPV4;
      String address = all.path(i).asText("");
      if (address.isEmpty()) {
        all.add(dryRun ? standard(family).address(0) : free(others, family));
      } else if (before == null || i >= before.size()) {
        check(type, name, address, dryRun ? problemOfDryRun(address) : problem(address, others));
      }
    }
    spec.put("clusterIP", all.path(0).asText());
  }

  private AddressRange standard(AddressFamily family) {
    return standard.of(family).orElseGet(standard::first);
  }

  private static void check(
      ResourceType type, String name, String address, @Nullable String problem) {
    if (problem != null) {
      String detail =
          ServiceRange.isAddress(address)
              ? "failed to allocate IP %s: %s".formatted(address, problem)
              : "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
      throw ApiException.invalid(
          type,
          name,
          List.of(
              FieldError.invalid(
                  "spec.clusterIPs", JsonNodeFactory.instance.arrayNode().add(address), detail)));
    }
  }

  private @Nullable String problemOfDryRun(String address) {
    AddressRange range = standard(AddressFamily.of(address));
    return ServiceRange.isAddress(address) && range.contains(address)
        ? null
        : "the provided IP (%s) is not in the valid range. The range of valid IPs is %s"
            .formatted(address, range);
  }

  private @Nullable String problem(String address, TakenByServices.Others others) {
    if (!ServiceRange.isAddress(address)
        || ServiceRange.ready(objects, AddressFamily.of(address)).stream()
            .noneMatch(each -> each.serves(address))) {
      return "the provided network does not match the current range";
    }
    String known = ServiceRange.canonical(address);
    return others.haveAddress(known) || noted.find(known) != null
        ? "provided IP is already allocated"
        : null;
  }

  private String free(TakenByServices.Others others, AddressFamily family) {
    for (ServiceRange each : ServiceRange.ready(objects, family)) {
      @Nullable String free =
          each.free(address -> others.haveAddress(address) || noted.find(address) != null, random);
      if (free != null) {
        return free;
      }
    }
    throw ApiException.internal("failed to allocate a serviceIP: range is full");
  }
}
