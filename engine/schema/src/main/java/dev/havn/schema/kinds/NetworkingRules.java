// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.validate.IpLiteral;
import java.util.List;

/// Rules of the group `networking.k8s.io`.
final class NetworkingRules {
  private static final int CONTROLLER_BYTES_MAX = 250;

  private NetworkingRules() {}

  static void networkPolicy(At object) {
    At spec = object.at("spec");
    SelectorRules.check(spec.at("podSelector"));
    for (At rule : spec.at("ingress").items()) {
      rule.at("ports").items().forEach(NetworkingRules::policyPort);
      rule.at("from").items().forEach(NetworkingRules::peer);
    }
    for (At rule : spec.at("egress").items()) {
      rule.at("ports").items().forEach(NetworkingRules::policyPort);
      rule.at("to").items().forEach(NetworkingRules::peer);
    }
    At types = spec.at("policyTypes");
    if (types.value().size() > 2) {
      types.invalid("may not specify more than two policyTypes");
      return;
    }
    types.items().forEach(type -> type.oneOf("Ingress", "Egress"));
  }

  private static void policyPort(At rule) {
    At port = rule.at("port");
    At end = rule.at("endPort");
    rule.at("protocol").mayBeOneOf("TCP", "UDP", "SCTP");
    if (!port.isThere()) {
      if (end.isThere()) {
        end.invalid("may not be specified when `port` is not specified");
      }
    } else if (port.value().isNumber()) {
      port.port();
      if (end.isThere()) {
        if (end.number() < port.number()) {
          port.named(end.path()).invalid("must be greater than or equal to `port`");
        }
        end.port();
      }
    } else {
      if (end.isThere()) {
        end.invalid("may not be specified when `port` is non-numeric");
      }
      port.has(Formats::portName);
    }
  }

  private static void peer(At peer) {
    At pods = peer.at("podSelector");
    At namespaces = peer.at("namespaceSelector");
    At block = peer.at("ipBlock");
    int kinds = 0;
    if (pods.isThere()) {
      kinds++;
      SelectorRules.check(pods);
    }
    if (namespaces.isThere()) {
      kinds++;
      SelectorRules.check(namespaces);
    }
    if (block.isThere()) {
      kinds++;
      At range = block.at("cidr");
      if (range.needs()) {
        range.has(Formats::range);
      }
      block.at("except").items().forEach(each -> exception(each, range));
    }
    if (kinds == 0) {
      peer.required("must specify a peer");
    } else if (kinds > 1 && block.isThere()) {
      peer.forbidden("may not specify both ipBlock and another peer");
    }
  }

  private static void exception(At exception, At range) {
    exception.has(Formats::range);
    if (Formats.isRange(exception.text())
        && Formats.isRange(range.text())
        && !IpLiteral.isStrictlyWithin(exception.text(), range.text())) {
      exception.invalid("must be a strict subset of `cidr`");
    }
  }

  static void ingress(At object) {
    At spec = object.at("spec");
    if (spec.at("rules").isEmpty() && !spec.at("defaultBackend").isThere()) {
      spec.at("rules")
          .named("spec")
          .invalid("either `defaultBackend` or `rules` must be specified");
    }
    spec.at("defaultBackend").ifThere(NetworkingRules::backend);
    spec.at("rules").items().forEach(NetworkingRules::ingressRule);
    for (At tls : spec.at("tls").items()) {
      tls.at("hosts").items().forEach(NetworkingRules::host);
      if (!tls.at("secretName").isEmpty()) {
        tls.at("secretName").has(Formats::subdomain);
      }
    }
    spec.at("ingressClassName").ifThere(name -> name.has(Formats::subdomain));
  }

  private static void host(At host) {
    if (host.text().contains("*")) {
      if (!host.text().matches("\\*(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+")) {
        host.invalidText(
            "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain,"
                + " which must consist of lower case alphanumeric characters, '-' or '.' and end with"
                + " an alphanumeric character (e.g. '*.example.com', regex used for validation is"
                + " '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')");
      }
    } else {
      host.has(Formats::subdomain);
    }
  }

  private static void ingressRule(At rule) {
    At host = rule.at("host");
    if (!host.isEmpty()) {
      if (Formats.isAddress(host.text())) {
        host.invalidText("must be a DNS name, not an IP address");
      }
      host(host);
    }
    At http = rule.at("http");
    if (!http.isThere()) {
      return;
    }
    http.at("paths").needs();
    http.at("paths").items().forEach(NetworkingRules::path);
  }

  private static void path(At path) {
    At type = path.at("pathType");
    At text = path.at("path");
    if (!type.isThere()) {
      type.required("pathType must be specified");
      return;
    }
    switch (type.text()) {
      case "Exact", "Prefix" -> {
        if (!text.text().startsWith("/")) {
          text.invalidText("must be an absolute path");
        }
        for (String part : List.of("//", "/./", "/../", "%2f", "%2F")) {
          if (text.text().contains(part)) {
            text.invalidText("must not contain '%s'".formatted(part));
          }
        }
        for (String end : List.of("/..", "/.")) {
          if (text.text().endsWith(end)) {
            text.invalidText("cannot end with '%s'".formatted(end));
          }
        }
      }
      case "ImplementationSpecific" -> {
        if (!text.isEmpty() && !text.text().startsWith("/")) {
          text.invalidText("must be an absolute path");
        }
      }
      default -> type.notSupported("Exact", "ImplementationSpecific", "Prefix");
    }
    backend(path.at("backend"));
  }

  private static void backend(At backend) {
    At service = backend.at("service");
    At resource = backend.at("resource");
    if (service.isThere() && resource.isThere()) {
      new At(service.at("none").value(), backend.path(), backend.errors())
          .invalidText("cannot set both resource and service backends");
    } else if (resource.isThere()) {
      resource.at("kind").needs();
      resource.at("name").needs();
    } else if (service.isThere()) {
      At name = service.at("name");
      if (name.needs()) {
        name.has(Formats::label);
      }
      At port = service.at("port");
      if (!port.at("name").isEmpty() && port.at("number").number() != 0) {
        new At(service.at("none").value(), backend.path(), port.errors())
            .invalidText("cannot set both port name & port number");
      } else if (!port.at("name").isEmpty()) {
        port.at("name").has(Formats::portName);
      } else if (port.at("number").number() != 0) {
        port.at("number").port();
      } else {
        backend.required("port name or number is required");
      }
    } else {
      new At(backend.at("none").value(), backend.path(), backend.errors())
          .invalidText("resource or service backend is required");
    }
  }

  static void ingressClass(At object) {
    At controller = object.at("spec").at("controller");
    if (controller.needs()) {
      controller.maxBytes(CONTROLLER_BYTES_MAX);
      controller.has(Formats::domainPath);
    }
    At parameters = object.at("spec").at("parameters");
    if (!parameters.isThere()) {
      return;
    }
    if (!parameters.at("apiGroup").isEmpty()) {
      parameters.at("apiGroup").has(Formats::subdomain);
    }
    for (String field : new String[] {"kind", "name"}) {
      At each = parameters.at(field);
      if (each.needs()) {
        each.has(Formats::pathSegment);
      }
    }
    At scope = parameters.at("scope");
    At namespace = parameters.at("namespace");
    if (!scope.isThere()) {
      scope.required("");
    } else {
      scope.oneOf("Cluster", "Namespace");
    }
    if (scope.is("Namespace")) {
      if (!namespace.isThere()) {
        namespace.required("`parameters.scope` is set to 'Namespace'");
      } else {
        namespace.has(Formats::label);
      }
    } else if (scope.is("Cluster") && namespace.isThere()) {
      namespace.forbidden("`parameters.scope` is set to 'Cluster'");
    }
  }

  static void ipAddress(At object) {
    At parent = object.at("spec").at("parentRef");
    if (!parent.isThere()) {
      parent.required("");
      return;
    }
    if (!parent.at("group").isEmpty()) {
      parent.at("group").has(Formats::subdomain);
    }
    if (parent.at("resource").needs()) {
      parent.at("resource").has(Formats::pathSegment);
    }
    if (parent.at("name").needs()) {
      parent.at("name").has(Formats::pathSegment);
    }
    if (!parent.at("namespace").isEmpty()) {
      parent.at("namespace").has(Formats::pathSegment);
    }
  }

  static void serviceRange(At object) {
    At ranges = object.at("spec").at("cidrs");
    if (ranges.isEmpty()) {
      ranges.required("at least one CIDR required");
      return;
    }
    if (ranges.value().size() > 2) {
      ranges.named("spec.cidrs").invalid("may only hold up to 2 values");
      return;
    }
    ranges.items().forEach(range -> range.has(Formats::range));
    if (ranges.value().size() == 2) {
      boolean bothOld = ranges.items().stream().allMatch(range -> !range.text().contains(":"));
      boolean bothNew = ranges.items().stream().allMatch(range -> range.text().contains(":"));
      boolean valid = ranges.items().stream().allMatch(range -> Formats.isRange(range.text()));
      if (valid && (bothOld || bothNew)) {
        ranges.invalid(
            "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and"
                + " 2001:db8::/64");
      }
    }
  }

  /// The ranges stay; to a single one another may come.
  ///
  /// @param before the ranges that stood there
  static void changedRange(At object, JsonNode before) {
    At ranges = object.at("spec").at("cidrs");
    List<At> now = ranges.items();
    boolean grows = before.size() == 1 && now.size() == 2;
    if (now.size() != before.size() && !grows) {
      ranges.invalid("field is immutable");
      return;
    }
    for (int i = 0; i < before.size(); i++) {
      if (!now.get(i).is(before.get(i).asText())) {
        now.get(i).invalid("field is immutable");
      }
    }
    if (grows) {
      serviceRange(object);
    }
  }
}
