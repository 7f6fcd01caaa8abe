// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/// What is peculiar to pods on Windows: who they run as, processes of the host (KEP-1981), and
/// which settings an operating system does not have.
final class WindowsRules {
  private static final String NOT_THERE = "cannot be set for a windows pod";
  private static final String NOT_LINUX = "windows options cannot be set for a linux pod";
  private static final int CREDENTIAL_BYTES_MAX = 64 << 10;
  private static final int DOMAIN_CHARS_MAX = 255;
  private static final int USER_CHARS_MAX = 104;
  private static final Pattern CONTROL = Pattern.compile("\\p{Cntrl}");
  private static final Pattern NET_BIOS =
      Pattern.compile("[^\\\\/:*?\"<>|.][^\\\\/:*?\"<>|]{0,14}");
  private static final String DNS_LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";
  private static final Pattern DNS = Pattern.compile(DNS_LABEL + "(?:\\." + DNS_LABEL + ")*");
  private static final Pattern NOT_OF_USERS = Pattern.compile("[\"/\\\\:;|=,+*?<>@\\[\\]]");
  private static final Pattern DOTS = Pattern.compile("[. ]+");

  /// Settings of a pod that Windows does not have, in the order in which they are looked for.
  private static final List<String> NOT_OF_PODS =
      List.of(
          "securityContext.appArmorProfile",
          "securityContext.seLinuxOptions",
          "hostUsers",
          "hostPID",
          "hostIPC",
          "securityContext.seccompProfile",
          "securityContext.fsGroup",
          "securityContext.fsGroupChangePolicy",
          "securityContext.sysctls",
          "shareProcessNamespace",
          "securityContext.runAsUser",
          "securityContext.runAsGroup",
          "securityContext.supplementalGroups",
          "securityContext.supplementalGroupsPolicy",
          "securityContext.seLinuxChangePolicy");

  private static final List<String> NOT_OF_CONTAINERS =
      List.of(
          "appArmorProfile",
          "seLinuxOptions",
          "seccompProfile",
          "capabilities",
          "readOnlyRootFilesystem",
          "privileged",
          "allowPrivilegeEscalation",
          "procMount",
          "runAsUser",
          "runAsGroup");

  /// Settings of which `false` and an empty list are the same as none.
  private static final List<String> NEEDS_VALUE = List.of("hostPID", "hostIPC", "sysctls");

  private WindowsRules() {}

  static List<At> containers(At spec) {
    List<At> all = new ArrayList<>();
    for (String list : List.of("initContainers", "containers", "ephemeralContainers")) {
      all.addAll(spec.at(list).items());
    }
    return all;
  }

  static void notOnWindows(At spec) {
    for (String path : NOT_OF_PODS) {
      At place = spec;
      for (String field : path.split("\\.")) {
        place = place.at(field);
      }
      boolean needsValue = NEEDS_VALUE.contains(path.replaceFirst("^.*\\.", ""));
      boolean set = needsValue ? place.flag() || !place.value().isEmpty() : place.isThere();
      if (set) {
        place.forbidden(NOT_THERE);
      }
    }
    for (At container : containers(spec)) {
      for (String field : NOT_OF_CONTAINERS) {
        At place = container.at("securityContext").at(field);
        if (place.isThere()) {
          place.forbidden(NOT_THERE);
        }
      }
    }
  }

  static void notOnLinux(At spec) {
    List<At> owners = new ArrayList<>(List.of(spec));
    owners.addAll(containers(spec));
    for (At owner : owners) {
      At options = owner.at("securityContext").at("windowsOptions");
      if (options.isThere()) {
        options.forbidden(NOT_LINUX);
      }
    }
  }

  static void options(At options) {
    options.at("gmsaCredentialSpecName").ifThere(name -> name.has(Formats::subdomain));
    options.at("gmsaCredentialSpec").ifThere(WindowsRules::credential);
    options.at("runAsUserName").ifThere(WindowsRules::user);
  }

  private static void credential(At credential) {
    if (credential.isEmpty()) {
      credential.invalidText("gmsaCredentialSpec cannot be an empty string");
    } else if (credential.text().length() > CREDENTIAL_BYTES_MAX) {
      credential.invalidText("gmsaCredentialSpec size must be under 64 KiB");
    }
  }

  private static void user(At name) {
    String[] parts = name.text().split("\\\\", -1);
    if (name.isEmpty()) {
      name.invalidText("runAsUserName cannot be an empty string");
    } else if (CONTROL.matcher(name.text()).find()) {
      name.invalidText("runAsUserName cannot contain control characters");
    } else if (parts.length > 2) {
      name.invalidText("runAsUserName cannot contain more than one backslash");
    } else {
      if (parts.length == 2) {
        domain(name, parts[0]);
      }
      account(name, parts[parts.length - 1]);
    }
  }

  private static void domain(At name, String domain) {
    if (domain.length() > DOMAIN_CHARS_MAX) {
      name.invalidText("runAsUserName's Domain length must be under 256 characters");
    }
    if (!NET_BIOS.matcher(domain).matches() && !DNS.matcher(domain).matches()) {
      name.invalidText("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
    }
  }

  private static void account(At name, String user) {
    if (user.isEmpty()) {
      name.invalidText("runAsUserName's User cannot be empty");
    } else if (user.length() > USER_CHARS_MAX) {
      name.invalidText("runAsUserName's User length must not be longer than 104 characters");
    }
    if (DOTS.matcher(user).matches()) {
      name.invalidText("runAsUserName's User cannot contain only periods or spaces");
    }
    if (NOT_OF_USERS.matcher(user).find()) {
      name.invalidText(
          "runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]");
    }
  }

  /// Either all containers are processes of the host or none, and then on its network.
  static void hostProcesses(At spec) {
    At ofPod = spec.at("securityContext").at("windowsOptions").at("hostProcess");
    List<At> containers = containers(spec);
    int processes = 0;
    for (At container : containers) {
      At own = container.at("securityContext").at("windowsOptions").at("hostProcess");
      if (ofPod.isThere() && own.isThere() && ofPod.flag() != own.flag()) {
        own.invalid(
            "pod hostProcess value must be identical if both are specified, was " + ofPod.flag());
      }
      processes += (own.isThere() ? own : ofPod).flag() ? 1 : 0;
    }
    if (processes == 0) {
      return;
    }
    if (processes < containers.size()) {
      new At(TextNode.valueOf(""), spec.path(), spec.errors())
          .invalid(
              "If pod contains any hostProcess containers then all containers must be HostProcess containers");
    }
    At network = spec.at("hostNetwork");
    if (!network.flag()) {
      new At(BooleanNode.FALSE, network.path(), network.errors())
          .invalid("hostNetwork must be true if pod contains any hostProcess containers");
    }
  }
}
