// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.dns;

import dev.havn.network.rules.Family;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPort;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What the name server says of one Service.
///
/// @param domain its name, such as `a.default.svc.cluster.local`
/// @param alias of a Service of type ExternalName where it leads, else empty
/// @param addresses of the Service itself, or of its endpoints when it is headless
/// @param ports of the Service, or of its endpoints when it is headless
/// @param hosts addresses by the label of an endpoint
/// @param pointers domains by the address that they belong to
record ServiceRecords(
    String domain,
    String alias,
    List<byte[]> addresses,
    List<Port> ports,
    Map<String, List<byte[]>> hosts,
    Map<String, String> pointers) {

  private static final int NAME_CHARS_MAX = 253;
  private static final int LABEL_CHARS_MAX = 63;

  /// @param protocol in small letters
  /// @param target the domain of who has the port
  record Port(String name, String protocol, int number, String target) {}

  /// Whether there is anything by this name; a headless Service without endpoints is not there.
  boolean isThere() {
    return !alias.isEmpty() || !addresses.isEmpty();
  }

  /// @param zone such as `cluster.local`
  static ServiceRecords of(Service service, Collection<EndpointSlice> slices, String zone) {
    String domain =
        service.getMetadata().getName()
            + "."
            + service.getMetadata().getNamespace()
            + ".svc."
            + zone;
    ServiceRecords records =
        new ServiceRecords(
            domain,
            alias(service),
            new ArrayList<>(),
            new ArrayList<>(),
            new LinkedHashMap<>(),
            new LinkedHashMap<>());
    if (!records.alias.isEmpty()) {
      return records;
    }
    if ("ExternalName".equals(service.getSpec().getType())) {
      return records;
    }
    boolean headless = "None".equals(service.getSpec().getClusterIP());
    if (headless) {
      records.addEndpoints(slices);
    } else {
      records.addService(service);
    }
    return records;
  }

  private static String alias(Service service) {
    String name = service.getSpec().getExternalName();
    if (!"ExternalName".equals(service.getSpec().getType()) || name == null) {
      return "";
    }
    String alias = name.toLowerCase(Locale.ROOT).replaceAll("\\.$", "");
    // The API takes parts that no message has room for.
    boolean fits =
        alias.length() <= NAME_CHARS_MAX
            && Stream.of(alias.split("\\.", -1))
                .allMatch(each -> !each.isEmpty() && each.length() <= LABEL_CHARS_MAX);
    return fits ? alias : "";
  }

  private void addService(Service service) {
    List<String> all = service.getSpec().getClusterIPs();
    @Nullable String first = service.getSpec().getClusterIP();
    if (all.isEmpty() && first != null && !first.isEmpty()) {
      all = List.of(first);
    }
    for (String address : all) {
      addresses.add(bytes(address));
      pointers.put(canonical(address), domain);
    }
    for (ServicePort port : service.getSpec().getPorts()) {
      ports.add(port(port.getName(), port.getProtocol(), port.getPort(), domain));
    }
  }

  private static Port port(
      @Nullable String name, @Nullable String protocol, int number, String target) {
    return new Port(
        name == null ? "" : name,
        protocol == null ? "tcp" : protocol.toLowerCase(Locale.ROOT),
        number,
        target);
  }

  private void addEndpoints(Collection<EndpointSlice> slices) {
    Map<String, String> labels = new TreeMap<>();
    Map<String, Port> all = new TreeMap<>();
    for (EndpointSlice slice : slices) {
      for (Endpoint endpoint : given(slice.getEndpoints())) {
        boolean ready =
            endpoint.getConditions() == null
                || !Boolean.FALSE.equals(endpoint.getConditions().getReady());
        if (!ready || slice.getAddressType().equals("FQDN")) {
          continue;
        }
        for (String given : endpoint.getAddresses()) {
          String address = canonical(given);
          String label = label(endpoint, address);
          labels.put(address, label);
          for (EndpointPort port : given(slice.getPorts())) {
            if (port.getPort() != null) {
              Port own =
                  port(port.getName(), port.getProtocol(), port.getPort(), label + "." + domain);
              all.put(own.toString(), own);
            }
          }
          if (endpoint.getHostname() != null || !pointers.containsKey(address)) {
            pointers.put(address, label + "." + domain);
          }
        }
      }
    }
    labels.forEach(
        (address, label) -> {
          addresses.add(bytes(address));
          hosts.computeIfAbsent(label, _ -> new ArrayList<>()).add(bytes(address));
        });
    ports.addAll(all.values());
  }

  private static <T> List<T> given(@Nullable List<T> list) {
    return list == null ? List.of() : list;
  }

  /// An endpoint without a name of its own is called by its address.
  private static String label(Endpoint endpoint, String address) {
    @Nullable String hostname = endpoint.getHostname();
    return hostname == null || hostname.isEmpty()
        ? address.replace('.', '-').replace(':', '-')
        : hostname;
  }

  private static String canonical(String address) {
    return Family.of(address).canonical(address);
  }

  private static byte[] bytes(String address) {
    return InetAddress.ofLiteral(address).getAddress();
  }
}
