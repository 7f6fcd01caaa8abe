// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.node.TextNode;
import dev.havn.schema.validate.Names;
import java.util.List;

/// Rules of aggregated servers.
final class ExtensionRules {
  private ExtensionRules() {}

  /// What is wrong with the name of an aggregated version of a group.
  static List<String> serviceName(At object, String name) {
    At spec = object.at("spec");
    String wanted = spec.at("version").text() + "." + spec.at("group").text();
    List<String> problems = Names.problems("APIService", name);
    return name.equals(wanted) || !problems.isEmpty()
        ? problems
        : List.of("must be `spec.version+\".\"+spec.group`: \"%s\"".formatted(wanted));
  }

  static void apiService(At object) {
    At spec = object.at("spec");
    At group = spec.at("group");
    At version = spec.at("version");
    if (!group.isEmpty()) {
      group.has(Formats::subdomain);
    } else if (!version.is("v1")) {
      group.required("only v1 may have an empty group and it better be legacy kube");
    }
    version.has(Formats::label1035);
    if (spec.at("groupPriorityMinimum").number() <= 0
        || spec.at("groupPriorityMinimum").number() > 20_000) {
      spec.at("groupPriorityMinimum").invalid("must be positive and less than 20000");
    }
    if (spec.at("versionPriority").number() <= 0 || spec.at("versionPriority").number() > 1_000) {
      spec.at("versionPriority").invalid("must be positive and less than 1000");
    }
    At bundle = spec.at("caBundle");
    boolean insecure = spec.at("insecureSkipTLSVerify").flag();
    At service = spec.at("service");
    if (!service.isThere()) {
      if (!bundle.isEmpty()) {
        new At(TextNode.valueOf(bytes(bundle) + " bytes"), bundle.path(), bundle.errors())
            .invalidText("local APIServices may not have a caBundle");
      }
      if (insecure) {
        spec.at("insecureSkipTLSVerify")
            .invalid("local APIServices may not have insecureSkipTLSVerify");
      }
      return;
    }
    service.at("namespace").needs();
    service.at("name").needs();
    At port = service.at("port");
    if (port.number() < 1 || port.number() > 65_535) {
      port.invalid("port is not valid: must be between 1 and 65535, inclusive");
    }
    if (insecure && !bundle.isEmpty()) {
      spec.at("insecureSkipTLSVerify").invalid("may not be true if caBundle is present");
    }
  }

  private static int bytes(At bundle) {
    return bundle.text().replace("=", "").length() * 3 / 4;
  }
}
