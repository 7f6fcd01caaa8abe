// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashSet;
import java.util.Set;

/// Rules of Endpoints and EndpointSlices.
final class EndpointRules {
  private EndpointRules() {}

  static void endpoints(At object) {
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
    ip.has(Formats::address);
    if (!address.at("hostname").isEmpty()) {
      address.at("hostname").has(Formats::label);
    }
    At node = address.at("nodeName");
    if (node.isThere()) {
      node.has(Formats::subdomain);
    }
    if (!Formats.isAddress(ip.text())) {
      ip.invalidText("must be a valid IP address");
    } else if (ip.text().startsWith("127.")) {
      ip.invalidText("may not be in the loopback range (127.0.0.0/8, ::1/128)");
    } else if (ip.text().startsWith("169.254.")) {
      ip.invalidText("may not be in the link-local range (169.254.0.0/16, fe80::/10)");
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
    At type = object.at("addressType");
    type.needsOneOf("FQDN", "IPv4", "IPv6");
    for (At endpoint : object.at("endpoints").items()) {
      endpoint(endpoint, type.text());
    }
    Set<JsonNode> names = new HashSet<>();
    for (At port : object.at("ports").items()) {
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
    for (At address : addresses.items()) {
      address(address, addresses, type);
    }
    At node = endpoint.at("nodeName");
    node.ifThere(at -> at.has(Formats::subdomain));
    endpoint.at("hostname").ifThere(at -> at.has(Formats::label));
    At hints = endpoint.at("hints");
    for (At zone : hints.at("forZones").items()) {
      zone.at("name").has(Formats::pathSegment);
    }
    for (At each : hints.at("forNodes").items()) {
      each.at("name").has(Formats::subdomain);
    }
  }

  private static void address(At address, At all, String type) {
    switch (type) {
      case "IPv4" -> {
        address.has(Formats::address);
        if (!Formats.isAddress4(address.text()) && Formats.isAddress(address.text())) {
          address.named(all.path()).invalidText("must be an IPv4 address");
        }
      }
      case "IPv6" -> {
        address.has(Formats::address);
        if (!Formats.isAddress6(address.text()) && Formats.isAddress(address.text())) {
          address.named(all.path()).invalidText("must be an IPv6 address");
        }
      }
      case "FQDN" -> address.has(Formats::fullyQualified);
      default -> {}
    }
  }
}
