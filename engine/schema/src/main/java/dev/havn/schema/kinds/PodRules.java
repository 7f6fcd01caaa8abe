// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.node.TextNode;
import dev.havn.schema.validate.FieldError;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Rules of a pod's spec, also inside templates.
final class PodRules {
  private static final int HOSTNAME_BYTES_MAX = 64;
  private static final int NAME_SERVERS_MAX = 3;
  private static final int SEARCHES_MAX = 32;
  private static final int SEARCHES_CHARS_MAX = 2_048;

  private PodRules() {}

  /// Nobody joins a pod that is not there yet, and one that waits at gates has no node.
  static void newPod(At object) {
    At spec = object.at("spec");
    At joined = spec.at("ephemeralContainers");
    if (!joined.isEmpty()) {
      joined.forbidden("cannot be set on create");
    }
    if (!spec.at("nodeName").isEmpty() && !spec.at("schedulingGates").isEmpty()) {
      spec.at("nodeName").forbidden("cannot be set until all schedulingGates have been cleared");
    }
  }

  static void pod(At object) {
    At spec = object.at("spec");
    PodAnnotationRules.check(object.at("metadata").at("annotations"), spec);
    spec(spec, true);
    if (spec.at("serviceAccountName").isEmpty()) {
      spec.at("volumes").items().forEach(volume -> withoutTokens(volume.at("projected")));
    }
    for (String list : List.of("containers", "initContainers")) {
      spec.at(list).items().forEach(ContainerRules::ofRunning);
    }
  }

  private static void withoutTokens(At projected) {
    for (At source : projected.at("sources").items()) {
      At token = source.at("serviceAccountToken");
      if (token.isThere()) {
        token.forbidden("must not be specified when serviceAccountName is not set");
      }
    }
  }

  static void checkTemplate(At template) {
    metadata(template);
    spec(template.at("spec"), false);
    At ephemeral = template.at("spec").at("ephemeralContainers");
    if (!ephemeral.isEmpty()) {
      ephemeral.forbidden("ephemeral containers not allowed in pod template");
    }
  }

  /// What a template says of pods besides their spec.
  static void metadata(At template) {
    At metadata = template.at("metadata");
    At annotations = metadata.at("annotations").named(template.path() + ".annotations");
    SelectorRules.labels(metadata.at("labels").named(template.path() + ".labels"));
    MetadataRules.annotations(annotations);
    PodAnnotationRules.check(annotations, template.at("spec"));
  }

  /// @param running whether it is a pod's own spec, and not that of a template
  private static void spec(At spec, boolean running) {
    At policy = spec.at("restartPolicy");
    Set<String> volumes = VolumeRules.check(spec, running);
    Set<String> claimed = PodClaimRules.check(spec.at("resourceClaims"));
    ContainerRules.check(spec, PodContext.of(spec, volumes, claimed));
    hostNetwork(spec);
    policy.needsOneOf("Always", "OnFailure", "Never");
    spec.at("dnsPolicy").needsOneOf("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None");
    SelectorRules.labels(spec.at("nodeSelector"));
    SecurityRules.ofPod(spec);
    SchedulingRules.affinity(spec.at("affinity"));
    dns(spec);
    for (At gate : spec.at("readinessGates").items()) {
      gate.at("conditionType").has(Formats::qualifiedName);
    }
    gates(spec.at("schedulingGates"));
    SchedulingRules.spread(spec.at("topologySpreadConstraints"));
    WindowsRules.hostProcesses(spec);
    SecurityRules.ownUsers(spec);
    spec.at("hostnameOverride").ifThere(name -> hostname(spec, name));
    names(spec);
    At deadline = spec.at("activeDeadlineSeconds");
    deadline.ifThere(seconds -> seconds.between(1, Integer.MAX_VALUE));
    for (String field : List.of("hostname", "subdomain")) {
      if (!spec.at(field).isEmpty()) {
        spec.at(field).has(Formats::label);
      }
    }
    SchedulingRules.tolerations(spec.at("tolerations"));
    aliases(spec.at("hostAliases"));
    if (!spec.at("priorityClassName").isEmpty()) {
      spec.at("priorityClassName").has(Formats::subdomain);
    }
    spec.at("runtimeClassName").ifThere(name -> name.has(Formats::subdomain));
    spec.at("preemptionPolicy").mayBeOneOf("PreemptLowerPriority", "Never");
    ClusterRules.overhead(spec.at("overhead"), spec.path() + ".overhead.limits");
    system(spec);
    EnvironmentRules.files(spec);
  }

  private static void hostname(At spec, At name) {
    for (String other : List.of("setHostnameAsFQDN", "hostNetwork")) {
      if (spec.at(other).flag()) {
        name.forbidden("may not be specified when " + other + " is true");
      }
    }
    name.maxBytes(HOSTNAME_BYTES_MAX);
    name.has(Formats::subdomain);
  }

  private static void names(At spec) {
    for (String field : List.of("serviceAccountName", "nodeName")) {
      if (!spec.at(field).isEmpty()) {
        spec.at(field).has(Formats::subdomain);
      }
    }
  }

  private static void hostNetwork(At spec) {
    if (!spec.at("hostNetwork").flag()) {
      return;
    }
    for (At container : spec.at("containers").items()) {
      for (At port : container.at("ports").items()) {
        long host = port.at("hostPort").number();
        if (host != 0 && host != port.at("containerPort").number()) {
          port.at("hostPort").invalid("must match `containerPort` when `hostNetwork` is true");
        }
      }
    }
  }

  private static void dns(At spec) {
    At config = spec.at("dnsConfig");
    if (spec.at("dnsPolicy").is("None")) {
      if (!config.isThere()) {
        config.required("must provide `dnsConfig` when `dnsPolicy` is None");
        return;
      }
      if (config.at("nameservers").isEmpty()) {
        config
            .at("nameservers")
            .required("must provide at least one DNS nameserver when `dnsPolicy` is None");
        return;
      }
    }
    At servers = config.at("nameservers");
    if (servers.value().size() > NAME_SERVERS_MAX) {
      servers.invalid("must not have more than " + NAME_SERVERS_MAX + " nameservers");
    }
    for (At server : servers.items()) {
      server.has(Formats::address);
    }
    searches(config.at("searches"));
    for (At option : config.at("options").items()) {
      if (option.at("name").isEmpty()) {
        option.required("must not be empty");
      }
    }
  }

  private static void searches(At searches) {
    List<String> texts = searches.items().stream().map(At::text).toList();
    if (texts.size() > SEARCHES_MAX) {
      searches.invalid("must not have more than " + SEARCHES_MAX + " search paths");
    }
    if (String.join(" ", texts).length() > SEARCHES_CHARS_MAX) {
      searches.invalid(
          "must not have more than %d characters (including spaces) in the search list"
              .formatted(SEARCHES_CHARS_MAX));
    }
    for (At search : searches.items()) {
      if (!search.is(".")) {
        String text = search.text().replaceAll("\\.$", "");
        new At(TextNode.valueOf(text), search.path(), search.errors())
            .has(Formats::subdomainWithUnderscores);
      }
    }
  }

  private static void gates(At gates) {
    Set<String> seen = new HashSet<>();
    for (At gate : gates.items()) {
      gate.at("name").named(gate.path()).has(Formats::qualifiedName);
      if (!seen.add(gate.at("name").text())) {
        gate.errors().add(FieldError.duplicate(gate.path(), gate.at("name").text()));
      }
    }
  }

  private static void aliases(At aliases) {
    for (At alias : aliases.items()) {
      alias.at("ip").has(Formats::address);
      for (At name : alias.at("hostnames").items()) {
        name.has(Formats::subdomain);
      }
    }
  }

  private static void system(At spec) {
    At system = spec.at("os");
    if (!system.isThere()) {
      return;
    }
    At name = system.at("name");
    switch (name.text()) {
      case "" -> name.needs();
      case "linux" -> WindowsRules.notOnLinux(spec);
      case "windows" -> WindowsRules.notOnWindows(spec);
      default -> name.named(system.path()).notSupported("linux", "windows");
    }
  }
}
