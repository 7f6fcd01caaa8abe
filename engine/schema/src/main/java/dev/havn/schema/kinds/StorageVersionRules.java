// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Rules of StorageVersions, which say in which version each server keeps a resource.
final class StorageVersionRules {
  private static final String ONE =
      "an apiVersion is a DNS-1035 label, which must consist of lower case alphanumeric characters or"
          + " '-', start with an alphabetic character, and end with an alphanumeric character (e.g."
          + " 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
          + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyVersion')";
  private static final String EMPTY = "must be non-empty";

  private StorageVersionRules() {}

  /// What is wrong with `GROUP.RESOURCE`.
  static List<String> name(String name) {
    int last = name.lastIndexOf('.');
    if (last < 0) {
      return List.of("name must be in the form of <group>.<resource>");
    }
    List<String> problems = new ArrayList<>();
    Formats.subdomain(name.substring(0, last))
        .forEach(each -> problems.add("the group segment " + each));
    Formats.label1035(name.substring(last + 1))
        .forEach(each -> problems.add("the resource segment " + each));
    return problems;
  }

  static void status(At object) {
    At status = object.at("status");
    Set<String> servers = new HashSet<>();
    Set<String> encodings = new HashSet<>();
    for (At each : status.at("storageVersions").items()) {
      At server = each.at("apiServerID");
      if (!servers.add(server.text())) {
        server.duplicate();
      }
      server.has(Formats::subdomain);
      encodings.add(each.at("encodingVersion").text());
      versions(each);
    }
    common(status.at("commonEncodingVersion"), encodings);
    conditions(status);
  }

  private static void versions(At server) {
    At encoding = server.at("encodingVersion");
    List<String> problems = version(encoding.text());
    if (!problems.isEmpty()) {
      encoding.invalidText(String.join(",", problems));
    }
    At decodable = server.at("decodableVersions");
    List<String> known = new ArrayList<>();
    for (At each : decodable.items()) {
      known.add(each.text());
      wellFormed(each);
    }
    if (!known.contains(encoding.text())) {
      decodable.invalid("decodableVersions must include encodingVersion " + encoding.text());
    }
    for (At each : server.at("servedVersions").items()) {
      wellFormed(each);
      if (!known.contains(each.text())) {
        each.invalidText(
            "individual served version : %s must be included in decodableVersions : [%s]"
                .formatted(each.text(), String.join(" ", known)));
      }
    }
  }

  private static void wellFormed(At version) {
    List<String> problems = version(version.text());
    if (!problems.isEmpty()) {
      version.invalidText(String.join(",", problems));
    }
  }

  private static List<String> version(String text) {
    String[] parts = text.split("/", -1);
    if (parts.length > 2) {
      return List.of(ONE);
    }
    List<String> problems = new ArrayList<>();
    if (parts.length == 2) {
      List<String> ofGroup = parts[0].isEmpty() ? List.of(EMPTY) : Formats.subdomain(parts[0]);
      ofGroup.forEach(each -> problems.add("group part: " + each));
    }
    String version = parts[parts.length - 1];
    List<String> ofVersion = version.isEmpty() ? List.of(EMPTY) : Formats.label1035(version);
    ofVersion.forEach(each -> problems.add("version part: " + each));
    return problems;
  }

  /// @param encodings of the servers
  private static void common(At common, Set<String> encodings) {
    if (encodings.size() != 1) {
      if (common.isThere()) {
        common.invalid(
            "should be nil if servers do not agree on the same encoding version, or if there is no"
                + " server reporting the supported versions yet");
      }
      return;
    }
    String actual = encodings.iterator().next();
    if (!common.isThere()) {
      common.invalid("the common encoding version is " + actual);
    } else if (!common.is(actual)) {
      common.invalid("the actual common encoding version is " + actual);
    }
  }

  /// Kubernetes files these errors at `status[0]`.
  private static void conditions(At status) {
    Map<String, Integer> seen = new HashMap<>();
    List<At> conditions = status.at("conditions").items();
    for (int i = 0; i < conditions.size(); i++) {
      At condition = conditions.get(i);
      String place = status.path() + "[" + i + "].";
      At type = condition.at("type").named(place + "type");
      @Nullable Integer before = seen.put(type.text(), i);
      if (before != null) {
        type.invalidText(
            "the type of the condition is not unique, it also appears in conditions["
                + before
                + "]");
      }
      type.has(Formats::qualifiedName);
      condition.at("status").named(place + "status").has(Formats::qualifiedName);
      condition.at("reason").named(place + "reason").needs();
      condition.at("message").named(place + "message").needs();
    }
  }
}
