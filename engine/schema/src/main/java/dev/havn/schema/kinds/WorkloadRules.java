// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashSet;
import java.util.Set;

/// Rules of what makes pods from a template: the group `apps`, replication controllers and pod
/// templates.
final class WorkloadRules {
  private WorkloadRules() {}

  static void deployment(At object) {
    At spec = object.at("spec");
    spec.at("replicas").nonNegative();
    selector(spec, "deployment");
    template(spec.at("template"), spec.at("selector"));
    strategy(spec.at("strategy"));
    spec.at("minReadySeconds").nonNegative();
    spec.at("revisionHistoryLimit").ifThere(At::nonNegative);
    At deadline = spec.at("progressDeadlineSeconds");
    if (deadline.isThere()) {
      deadline.nonNegative();
      if (deadline.number() <= spec.at("minReadySeconds").number()) {
        deadline.invalid("must be greater than minReadySeconds");
      }
    }
  }

  private static void selector(At spec, String kind) {
    At selector = spec.at("selector");
    if (!selector.isThere()) {
      selector.required("");
      return;
    }
    SelectorRules.check(selector);
    if (selector.isEmpty()) {
      selector.invalid("empty selector is invalid for " + kind);
    }
  }

  /// @param selector must choose what the template makes
  private static void template(At template, At selector) {
    if (!SelectorRules.isWellFormed(selector)) {
      selector.invalid("invalid label selector");
      return;
    }
    SelectorRules.mustChoose(selector, template.at("metadata").at("labels"));
    PodRules.checkTemplate(template);
    restartsAlways(template);
    withoutDeadline(template, "ReplicaSet");
  }

  private static void withoutDeadline(At template, String kind) {
    At deadline = template.at("spec").at("activeDeadlineSeconds");
    if (deadline.isThere()) {
      deadline.forbidden("activeDeadlineSeconds in " + kind + " is not Supported");
    }
  }

  private static void restartsAlways(At template) {
    At policy = template.at("spec").at("restartPolicy");
    if (!policy.is("Always")) {
      policy.notSupported("Always");
    }
  }

  private static void strategy(At strategy) {
    At rolling = strategy.at("rollingUpdate");
    switch (strategy.at("type").text()) {
      case "Recreate" -> {
        if (rolling.isThere()) {
          rolling.forbidden("may not be specified when strategy `type` is 'Recreate'");
        }
      }
      case "RollingUpdate" -> {
        if (rolling.isThere()) {
          rolling(rolling);
        } else {
          rolling.required("this should be defaulted and never be nil");
        }
      }
      default -> strategy.notSupported("Recreate", "RollingUpdate");
    }
  }

  private static void rolling(At rolling) {
    At unavailable = rolling.at("maxUnavailable");
    At surge = rolling.at("maxSurge");
    share(unavailable);
    share(surge);
    if (isZero(unavailable) && isZero(surge)) {
      unavailable.invalid("may not be 0 when `maxSurge` is 0");
    }
    notMoreThanAll(unavailable);
  }

  static boolean isZero(At share) {
    // What is neither a percentage nor a number counts as none.
    return share.value().isNumber()
        ? share.number() == 0
        : !share.text().matches("[0-9]+%|[+-]?[0-9]+") || share.text().matches("[+-]?0+%?");
  }

  static void notMoreThanAll(At share) {
    String text = share.text();
    if (Formats.isPercent(text) && Long.parseLong(text.replace("%", "")) > 100) {
      share.invalid("must not be greater than 100%");
    }
  }

  /// A number or a percentage, not negative.
  static void share(At share) {
    if (share.value().isTextual()) {
      if (!Formats.isPercent(share.text())) {
        share.invalidText(
            "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%', "
                + " or '93%', regex used for validation is '[0-9]+%')");
      }
    } else if (share.isThere()) {
      share.nonNegative();
    }
  }

  static void replicaSet(At object) {
    At spec = object.at("spec");
    spec.at("replicas").nonNegative();
    spec.at("minReadySeconds").nonNegative();
    selector(spec, "deployment");
    template(spec.at("template"), spec.at("selector"));
  }

  static void statefulSet(At object) {
    At spec = object.at("spec");
    At management = spec.at("podManagementPolicy");
    if (management.needs() && !management.is("OrderedReady") && !management.is("Parallel")) {
      management.invalidText("must be 'OrderedReady' or 'Parallel'");
    }
    statefulStrategy(spec.at("updateStrategy"));
    At retention = spec.at("persistentVolumeClaimRetentionPolicy");
    if (retention.isThere()) {
      retention.at("whenDeleted").oneOf("Retain", "Delete");
      retention.at("whenScaled").oneOf("Retain", "Delete");
    }
    if (!object.at("metadata").at("resourceVersion").isThere()) {
      for (At template : spec.at("volumeClaimTemplates").items()) {
        VolumeClaimRules.claimSpec(template.at("spec"));
      }
    }
    spec.at("replicas").nonNegative();
    spec.at("minReadySeconds").nonNegative();
    At start = spec.at("ordinals").at("start");
    start.ifThere(At::nonNegative);
    selector(spec, "statefulset");
    At selected = spec.at("selector");
    At template = spec.at("template");
    if (!SelectorRules.isWellFormed(selected)) {
      selected.invalid("");
    } else {
      SelectorRules.mustChoose(selected, template.at("metadata").at("labels"));
      PodRules.checkTemplate(withClaims(template, spec.at("volumeClaimTemplates")));
      // Kubernetes looks at it twice, and both errors are among the causes.
      PodRules.metadata(template);
    }
    restartsAlways(template);
    withoutDeadline(template, "StatefulSet");
  }

  /// A set finds its service by a name that was checked when it was made.
  static void newSet(At object) {
    At service = object.at("spec").at("serviceName");
    if (!service.isEmpty()) {
      service.has(Formats::label);
    }
  }

  /// The template as its pods are: with a volume for each claim, in place of one that is named so.
  private static At withClaims(At template, At claims) {
    if (claims.isEmpty() || !(template.value() instanceof ObjectNode given)) {
      return template;
    }
    ObjectNode copy = given.deepCopy();
    ObjectNode spec = copy.withObjectProperty("spec");
    JsonNode before = spec.path("volumes");
    ArrayNode volumes = spec.putArray("volumes");
    Set<String> names = new HashSet<>();
    for (At claim : claims.items()) {
      String name = claim.at("metadata").at("name").text();
      if (names.add(name)) {
        ObjectNode volume = volumes.addObject().put("name", name);
        volume.putObject("persistentVolumeClaim").put("claimName", name);
      }
    }
    for (JsonNode volume : before) {
      if (!names.contains(volume.path("name").asText(""))) {
        volumes.add(volume);
      }
    }
    return new At(copy, template.path(), template.errors());
  }

  private static void statefulStrategy(At strategy) {
    At rolling = strategy.at("rollingUpdate");
    switch (strategy.at("type").text()) {
      case "" -> strategy.required("");
      case "OnDelete" -> {
        if (rolling.isThere()) {
          asGoHasIt(rolling).invalid("only allowed for updateStrategy 'RollingUpdate'");
        }
      }
      case "RollingUpdate" -> {
        rolling.at("partition").nonNegative();
        At unavailable = rolling.at("maxUnavailable");
        if (unavailable.isThere()) {
          share(unavailable);
          if (isZero(unavailable)) {
            unavailable.invalid("cannot be 0");
          }
          notMoreThanAll(unavailable);
        }
      }
      default -> strategy.invalid("must be 'RollingUpdate' or 'OnDelete'");
    }
  }

  /// Settings of a StatefulSet's update as errors show them.
  private static At asGoHasIt(At rolling) {
    ObjectNode shown = JsonNodeFactory.instance.objectNode();
    shown.put("Partition", rolling.at("partition").number());
    shown.set("MaxUnavailable", rolling.value().get("maxUnavailable"));
    return new At(shown, rolling.path(), rolling.errors());
  }

  static void daemonSet(At object) {
    At spec = object.at("spec");
    At selector = spec.at("selector");
    At template = spec.at("template");
    SelectorRules.check(selector);
    SelectorRules.mustChoose(selector, template.at("metadata").at("labels"));
    if (selector.isThere() && selector.isEmpty()) {
      selector.invalid("empty selector is invalid for daemonset");
    }
    PodRules.checkTemplate(template);
    restartsAlways(template);
    withoutDeadline(template, "DaemonSet");
    spec.at("minReadySeconds").nonNegative();
    daemonStrategy(spec.at("updateStrategy"));
    spec.at("revisionHistoryLimit").ifThere(At::nonNegative);
  }

  private static void daemonStrategy(At strategy) {
    switch (strategy.at("type").text()) {
      case "OnDelete" -> {}
      case "RollingUpdate" -> {
        At rolling = strategy.at("rollingUpdate");
        At unavailable = rolling.at("maxUnavailable");
        At surge = rolling.at("maxSurge");
        share(unavailable);
        share(surge);
        notMoreThanAll(unavailable);
        notMoreThanAll(surge);
        boolean both = !isZero(unavailable) && !isZero(surge);
        if (both) {
          surge.invalid("may not be set when maxUnavailable is non-zero");
        } else if (isZero(unavailable) && isZero(surge)) {
          unavailable.required("cannot be 0 when maxSurge is 0");
        }
      }
      default -> strategy.notSupported("RollingUpdate", "OnDelete");
    }
  }

  static void replicationController(At object) {
    At spec = object.at("spec");
    spec.at("minReadySeconds").nonNegative();
    At selector = spec.at("selector");
    selector.needs();
    spec.at("replicas").nonNegative();
    At template = spec.at("template");
    if (!template.isThere()) {
      template.required("");
      return;
    }
    JsonNode labels = template.value().path("metadata").path("labels");
    boolean matches =
        SelectorRules.texts(selector.value()).entrySet().stream()
            .allMatch(each -> each.getValue().equals(labels.path(each.getKey()).asText(null)));
    if (!selector.isEmpty() && !matches) {
      template.at("metadata").at("labels").invalid("`selector` does not match template `labels`");
    }
    PodRules.checkTemplate(template);
    restartsAlways(template);
    withoutDeadline(template, "ReplicationController");
  }

  static void podTemplate(At object) {
    PodRules.checkTemplate(object.at("template"));
  }

  static void controllerRevision(At object) {
    object.at("revision").nonNegative();
  }

  static void newRevision(At object) {
    At data = object.at("data");
    if (!data.isThere()) {
      data.required("data is mandatory");
    } else if (!data.value().isObject()) {
      data.required("data must be a valid JSON object");
    }
  }
}
