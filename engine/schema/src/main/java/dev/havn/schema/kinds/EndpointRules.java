// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.havn.schema.select.LabelSyntax;
import dev.havn.schema.validate.FieldError;
import dev.havn.schema.validate.IpLiteral;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/// Rules of Endpoints and EndpointSlices.
final class EndpointRules {
  private static final int PORTS_MAX = 20_000;
  private static final int ENDPOINTS_MAX = 1_000;
  private static final int ADDRESSES_MAX = 100;
  private static final int TOPOLOGY_LABELS_MAX = 16;
  private static final int HINTS_MAX = 8;

  /// Where pods of the process runtime are. Kubernetes would refuse it here as it does in
  /// Endpoints.
  private static final String OWN_MACHINE = "127.0.0.1";

  private EndpointRules() {}

  static void endpoints(At object) {
    endpoints(object, MissingNode.getInstance());
  }

  /// @param before the subsets that stood there: what has not changed is not looked at again
  static void endpoints(At object, JsonNode before) {
    if (before.isArray() && before.equals(object.at("subsets").value())) {
      return;
    }
    for (At subset : object.at("subsets").items()) {
      if (subset.at("addresses").isEmpty() && subset.at("notReadyAddresses").isEmpty()) {
        subset.required("must specify `addresses` or `notReadyAddresses`");
      }
      subset.at("addresses").items().forEach(EndpointRules::address);
      subset.at("notReadyAddresses").items().forEach(EndpointRules::address);
      int ports = subset.at("ports").value().size();
      for (At port : subset.at("ports").items()) {
        port(port, ports > 1);
      }
    }
  }

  private static void address(At address) {
    At ip = address.at("ip");
    boolean isMapped = isMapped(ip);
    if (!isMapped) {
      ip.has(Formats::address);
    }
    if (!address.at("hostname").isEmpty()) {
      address.at("hostname").has(Formats::label);
    }
    At node = address.at("nodeName");
    if (node.isThere()) {
      node.has(Formats::subdomain);
    }
    if (isMapped) {
      return;
    }
    if (!Formats.isAddress(ip.text())) {
      ip.invalidText("must be a valid IP address");
    } else {
      reachable(ip);
    }
  }

  private static void port(At port, boolean named) {
    At name = port.at("name");
    if (named) {
      name.needs();
    }
    if (!name.isEmpty()) {
      name.has(Formats::label);
    }
    At number = port.at("port");
    number.port();
    port.at("protocol").needsOneOf("SCTP", "TCP", "UDP");
    At application = port.at("appProtocol");
    application.ifThere(at -> at.has(Formats::qualifiedName));
  }

  static void slice(At object) {
    slice(object, MissingNode.getInstance());
  }

  /// @param before the endpoints that stood there: what has not changed is not looked at again
  static void slice(At object, JsonNode before) {
    At type = object.at("addressType");
    type.needsOneOf("FQDN", "IPv4", "IPv6");
    At ports = object.at("ports");
    if (ports.holdsAtMost(PORTS_MAX)) {
      slicePorts(ports);
    }
    At endpoints = object.at("endpoints");
    boolean unchanged = before.isArray() && before.equals(endpoints.value());
    if (!unchanged && endpoints.holdsAtMost(ENDPOINTS_MAX)) {
      endpoints.items().forEach(endpoint -> endpoint(endpoint, type.text()));
    }
  }

  private static void slicePorts(At ports) {
    Set<JsonNode> names = new HashSet<>();
    for (At port : ports.items()) {
      At name = port.at("name");
      if (!name.isEmpty()) {
        name.has(Formats::label);
      }
      if (!names.add(name.value())) {
        name.duplicate();
      }
      At protocol = port.at("protocol");
      if (protocol.isThere()) {
        protocol.oneOf("SCTP", "TCP", "UDP");
      } else {
        protocol.required("");
      }
      port.at("appProtocol").ifThere(at -> at.has(Formats::qualifiedName));
    }
  }

  private static void endpoint(At endpoint, String type) {
    At addresses = endpoint.at("addresses");
    if (addresses.isEmpty()) {
      addresses.required("must contain at least 1 address");
    }
    addresses.holdsAtMost(ADDRESSES_MAX);
    for (At address : addresses.items()) {
      address(address, addresses, type);
    }
    At node = endpoint.at("nodeName");
    node.ifThere(at -> at.has(Formats::subdomain));
    At topology = endpoint.at("deprecatedTopology");
    topology.holdsAtMost(TOPOLOGY_LABELS_MAX);
    SelectorRules.labels(topology);
    endpoint.at("hostname").ifThere(at -> at.has(Formats::label));
    At hints = endpoint.at("hints");
    if (hints(hints.at("forZones"), LabelSyntax::valueProblems)) {
      hints(hints.at("forNodes"), Formats::subdomain);
    }
  }

  /// Names, each once.
  ///
  /// @return whether there are few enough of them to be looked at
  private static boolean hints(At hints, Function<String, List<String>> syntax) {
    if (!hints.holdsAtMost(HINTS_MAX)) {
      return false;
    }
    Set<String> names = new HashSet<>();
    for (At hint : hints.items()) {
      At name = hint.at("name");
      if (!names.add(name.text())) {
        name.duplicate();
      }
      name.has(syntax);
    }
    return true;
  }

  private static void address(At address, At all, String type) {
    switch (type) {
      case "IPv4", "IPv6" -> {
        if (isMapped(address)) {
          return;
        }
        if (!Formats.isAddress(address.text())) {
          address.has(Formats::address);
          return;
        }
        if (type.equals("IPv4") != Formats.isAddress4(address.text())) {
          address.named(all.path()).invalidText("must be an %s address".formatted(type));
        }
        if (!address.is(OWN_MACHINE)) {
          reachable(address);
        }
      }
      case "FQDN" -> fullyQualified(address);
      default -> {}
    }
  }

  /// Whether it is, and is refused therefore (KEP-4858).
  private static boolean isMapped(At address) {
    boolean isMapped = IpLiteral.isMapped(address.text());
    if (isMapped) {
      address.invalidText("must not be an IPv4-mapped IPv6 address");
    }
    return isMapped;
  }

  /// A domain with at least one dot; it may end with another.
  private static void fullyQualified(At domain) {
    if (!domain.needs()) {
      return;
    }
    String text = domain.text();
    String name = text.endsWith(".") ? text.substring(0, text.length() - 1) : text;
    List<String> problems = Formats.subdomain(name);
    if (!problems.isEmpty()) {
      refuse(domain, name, problems);
    } else if (!name.contains(".")) {
      refuse(
          domain, name, List.of("should be a domain with at least two segments separated by dots"));
    } else {
      for (String label : name.split("\\.")) {
        List<String> wrong = Formats.label(label);
        if (!wrong.isEmpty()) {
          refuse(domain, label, wrong);
          return;
        }
      }
    }
  }

  private static void refuse(At place, String part, List<String> problems) {
    place.errors().add(FieldError.invalid(place.path(), part, String.join(",", problems)));
  }

  /// An endpoint stands for another machine's program, which such addresses never reach.
  static void reachable(At address) {
    String text = address.text();
    if (text.equals("0.0.0.0") || text.equals("::")) {
      address.invalidText("may not be unspecified (%s)".formatted(text));
    }
    if (text.startsWith("127.") || text.equals("::1")) {
      address.invalidText("may not be in the loopback range (127.0.0.0/8, ::1/128)");
    }
    if (text.startsWith("169.254.") || text.matches("(?i)fe[89ab][0-9a-f]:.*")) {
      address.invalidText("may not be in the link-local range (169.254.0.0/16, fe80::/10)");
    }
    if (text.startsWith("224.0.0.") || text.matches("(?i)ff[0-9a-f]2:.*")) {
      address.invalidText("may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
    }
  }
}
