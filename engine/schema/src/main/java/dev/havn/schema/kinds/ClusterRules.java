// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.validate.FieldError;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/// Rules of small kinds: nodes, namespaces, priorities, leases, runtime classes, signing requests.
final class ClusterRules {
  private static final int PRIORITY_MAX = 1_000_000_000;
  private static final int CERTIFICATE_SECONDS_MIN = 600;
  private static final String[] USAGES = {
    "any",
    "cert sign",
    "client auth",
    "code signing",
    "content commitment",
    "crl sign",
    "data encipherment",
    "decipher only",
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement",
    "key encipherment",
    "microsoft sgc",
    "netscape sgc",
    "ocsp signing",
    "s/mime",
    "server auth",
    "signing",
    "timestamping"
  };

  private ClusterRules() {}

  static void namespace(At object) {
    for (At finalizer : object.at("spec").at("finalizers").items()) {
      At named = finalizer.named("spec.finalizers");
      named.has(Formats::qualifiedName);
      MetadataRules.standardFinalizer(named);
    }
  }

  static void priorityClass(At object) {
    At value = object.at("value");
    At name = object.at("metadata").at("name");
    if (name.text().startsWith(SystemPriorityClasses.PREFIX)) {
      boolean usual = object.at("globalDefault").flag();
      String problem = SystemPriorityClasses.problem(name.text(), value.number(), usual);
      if (!problem.isEmpty()) {
        name.forbidden(
            "priority class names with 'system-' prefix are reserved for system use only. error: "
                + problem);
      }
    } else if (value.number() > PRIORITY_MAX) {
      value.forbidden("maximum allowed value of a user defined priority is " + PRIORITY_MAX);
    }
    At policy = object.at("preemptionPolicy");
    policy.needsOneOf("PreemptLowerPriority", "Never");
  }

  static void lease(At object) {
    At spec = object.at("spec");
    At seconds = spec.at("leaseDurationSeconds");
    if (seconds.isThere() && seconds.number() <= 0) {
      seconds.invalid("must be greater than 0");
    }
    At transitions = spec.at("leaseTransitions");
    transitions.ifThere(At::nonNegative);
    At strategy = spec.at("strategy");
    if (strategy.isThere()) {
      strategy.has(Formats::qualifiedName);
    }
    At preferred = spec.at("preferredHolder");
    if (!preferred.isEmpty() && !strategy.isThere()) {
      preferred.forbidden("may only be specified if `strategy` is defined");
    }
  }

  static void runtimeClass(At object) {
    At handler = object.at("handler");
    if (handler.needs()) {
      handler.has(Formats::label);
    }
    At overhead = object.at("overhead");
    if (overhead.isThere()) {
      overhead(overhead.at("podFixed"), "overhead.limits");
    }
    At scheduling = object.at("scheduling");
    SelectorRules.labels(scheduling.at("nodeSelector"));
    SchedulingRules.tolerations(scheduling.at("tolerations"));
    Set<JsonNode> seen = new HashSet<>();
    for (At each : scheduling.at("tolerations").items()) {
      if (!seen.add(each.value())) {
        each.duplicate();
      }
    }
  }

  /// Resources that a container may ask for, reported below `path`.
  static void overhead(At amounts, String path) {
    for (Map.Entry<String, At> each : amounts.entries().entrySet()) {
      ResourceRules.limit(each.getKey(), each.getValue().named(path + "[" + each.getKey() + "]"));
    }
  }

  /// Of requests that were made before signers had names; v1 is newer.
  private static final String LEGACY_SIGNER = "kubernetes.io/legacy-unknown";

  static void signingRequest(At object) {
    At spec = object.at("spec");
    At usages = spec.at("usages");
    At signer = spec.at("signerName");
    String pem =
        new String(
            Base64.getMimeDecoder().decode(spec.at("request").text()), StandardCharsets.ISO_8859_1);
    if (!pem.contains("-----BEGIN CERTIFICATE REQUEST-----")) {
      spec.at("request").invalid("PEM block type must be CERTIFICATE REQUEST");
    }
    usages.needs();
    Set<String> seen = new HashSet<>();
    for (At usage : usages.items()) {
      usage.oneOf(USAGES);
      if (!seen.add(usage.text())) {
        usage.duplicate();
      }
    }
    if (signer.needs()) {
      signer(signer);
      if (signer.text().equals(LEGACY_SIGNER)) {
        signer.invalidText("the legacy signerName is not allowed via this API version");
      }
    }
    At seconds = spec.at("expirationSeconds");
    if (seconds.isThere() && seconds.number() < CERTIFICATE_SECONDS_MIN) {
      seconds.invalid("may not specify a duration less than 600 seconds (10 minutes)");
    }
    for (At condition : object.at("status").at("conditions").items()) {
      condition.at("status").oneOf("False", "True", "Unknown");
    }
  }

  private static void signer(At signer) {
    String[] parts = signer.text().split("/", -1);
    if (parts.length != 2) {
      signer.invalidText(
          "must be a fully qualified domain and path of the form 'example.com/signer-name'");
      return;
    }
    if (!parts[0].contains(".")) {
      signer
          .errors()
          .add(
              FieldError.invalid(
                  signer.path(),
                  parts[0],
                  "should be a domain with at least two segments separated by dots"));
    }
    for (String problem : Formats.subdomain(parts[1])) {
      signer
          .errors()
          .add(
              FieldError.invalid(
                  signer.path(),
                  parts[1],
                  "validating path segment \"%s\": %s".formatted(parts[1], problem)));
    }
  }
}
