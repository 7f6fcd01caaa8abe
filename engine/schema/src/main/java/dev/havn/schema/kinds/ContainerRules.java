// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import dev.havn.schema.validate.FieldError;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Rules of containers.
final class ContainerRules {
  private static final List<String> PROBES =
      List.of("livenessProbe", "readinessProbe", "startupProbe");
  private static final String ONLY_SIDECARS =
      "may not be set for init containers without restartPolicy=Always";

  private static final int RESTART_RULES_MAX = 20;
  private static final int EXIT_CODES_MAX = 255;

  private ContainerRules() {}

  static void check(At spec, PodContext pod) {
    At containers = spec.at("containers");
    if (containers.isEmpty()) {
      containers.required("");
    }
    Set<String> names = new HashSet<>();
    Set<String> hostPorts = new HashSet<>();
    for (At container : containers.items()) {
      common(container, pod);
      if (!names.add(container.at("name").text())) {
        container.at("name").duplicate();
      }
      ProbeRules.lifecycle(container.at("lifecycle"), pod.graceSeconds());
      probes(container);
      restarts(container);
    }
    containers.items().forEach(container -> hostPorts(container, hostPorts));
    for (At container : spec.at("initContainers").items()) {
      common(container, pod);
      initial(container, names, pod.graceSeconds());
    }
    EphemeralRules.check(spec, pod);
    PodResourceRules.check(spec, pod.claims());
  }

  private static void initial(At container, Set<String> names, long graceSeconds) {
    restarts(container);
    At name = container.at("name");
    if (names.contains(name.text())) {
      name.duplicate();
    } else if (!name.isEmpty()) {
      names.add(name.text());
    }
    hostPorts(container, new HashSet<>());
    if (container.at("restartPolicy").is("Always")) {
      ProbeRules.lifecycle(container.at("lifecycle"), graceSeconds);
      probes(container);
      return;
    }
    for (String field : List.of("lifecycle", "livenessProbe", "readinessProbe", "startupProbe")) {
      if (container.at(field).isThere()) {
        container.at(field).forbidden(ONLY_SIDECARS);
      }
    }
    for (At policy : container.at("resizePolicy").items()) {
      if (policy.at("restartPolicy").is("RestartContainer")) {
        policy
            .at("restartPolicy")
            .invalidText("must not be set to 'RestartContainer' for non-sidecar initContainers");
      }
    }
  }

  private static void probes(At container) {
    for (String field : PROBES) {
      ProbeRules.check(container.at(field), field);
    }
  }

  private static void hostPorts(At container, Set<String> taken) {
    for (At port : container.at("ports").items()) {
      long number = port.at("hostPort").number();
      String key = port.at("protocol").text() + "/" + port.at("hostIP").text() + "/" + number;
      if (number != 0 && !taken.add(key)) {
        port.errors().add(FieldError.duplicate(port.path() + ".hostPort", key));
      }
    }
  }

  static void common(At container, PodContext pod) {
    At name = container.at("name");
    if (name.needs()) {
      name.has(Formats::label);
    }
    At image = container.at("image");
    image.needs();
    container.at("terminationMessagePolicy").needsOneOf("File", "FallbackToLogsOnError");
    ports(container.at("ports"));
    EnvironmentRules.variables(container.at("env"));
    EnvironmentRules.sources(container.at("envFrom"));
    VolumeMountRules.check(container, pod);
    container.at("imagePullPolicy").needsOneOf("Always", "IfNotPresent", "Never");
    ResourceRules.check(container.at("resources"));
    PodClaimRules.used(container.at("resources").at("claims"), pod.claims());
    resizing(container.at("resizePolicy"), pod.restartPolicy());
    SecurityRules.ofContainer(container.at("securityContext"));
  }

  /// What holds for the container of a pod; a template's may still be filled in.
  static void ofRunning(At container) {
    At image = container.at("image");
    if (!image.text().strip().equals(image.text())) {
      image.invalidText("must not have leading or trailing whitespace");
    }
  }

  /// When a container is started again (KEP-5307). Without a policy an initial one has no rules to
  /// look at.
  private static void restarts(At container) {
    At policy = container.at("restartPolicy");
    At rules = container.at("restartPolicyRules");
    if (policy.isThere()) {
      policy.oneOf("Always", "Never", "OnFailure");
    } else if (!rules.isEmpty()) {
      policy.required("must specify restartPolicy when restart rules are used");
    }
    if (!policy.isThere() && container.path().contains("initContainers")) {
      return;
    }
    rules.holdsAtMost(RESTART_RULES_MAX);
    for (At rule : rules.items()) {
      rule.at("action").oneOf("Restart", "RestartAllContainers");
      At codes = rule.at("exitCodes");
      if (codes.isThere()) {
        codes.at("operator").oneOf("In", "NotIn");
        codes.at("values").holdsAtMost(EXIT_CODES_MAX);
      } else {
        codes.required("must be specified");
      }
    }
  }

  private static void resizing(At policies, String ofPod) {
    Set<String> named = new HashSet<>();
    for (At policy : policies.items()) {
      At resource = policy.at("resourceName");
      if (!named.add(resource.text())) {
        policy.errors().add(FieldError.duplicate(policy.path(), resource.text()));
      }
      resource.named(policies.path()).needsOneOf("cpu", "memory");
      policy
          .at("restartPolicy")
          .named(policies.path())
          .needsOneOf("NotRequired", "RestartContainer");
      At restart = policy.at("restartPolicy").named(policies.path());
      if (ofPod.equals("Never") && !restart.is("NotRequired")) {
        restart.invalidText("must be 'NotRequired' when pod `restartPolicy` is 'Never'");
      }
    }
  }

  private static void ports(At ports) {
    Set<String> names = new HashSet<>();
    for (At port : ports.items()) {
      At name = port.at("name");
      if (!name.isEmpty()) {
        if (!Formats.portName(name.text()).isEmpty()) {
          name.has(Formats::portName);
        } else if (!names.add(name.text())) {
          name.duplicate();
        }
      }
      At number = port.at("containerPort");
      if (number.number() == 0) {
        number.required("");
      } else {
        number.port();
      }
      if (port.at("hostPort").number() != 0) {
        port.at("hostPort").port();
      }
      port.at("protocol").needsOneOf("SCTP", "TCP", "UDP");
    }
  }
}
