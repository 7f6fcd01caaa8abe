// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.List;

/// Rules of autoscalers and disruption budgets.
final class AutoscalingRules {
  private static final List<String> SOURCES =
      List.of("object", "external", "pods", "resource", "containerResource");
  private static final String[] TYPES = {
    "ContainerResource", "External", "Object", "Pods", "Resource"
  };
  private static final String ONE_TARGET =
      "must set either a target value for metric or a per-pod target";
  private static final String CONVERTED_SHARE =
      "spec.metrics[0].resource.target.averageUtilization";
  private static final String UNPARSED = "unexpected GroupVersion string: ";
  private static final int WINDOW_SECONDS_MAX = 3_600;
  private static final int PERIOD_SECONDS_MAX = 1_800;

  private AutoscalingRules() {}

  static void autoscaler(At object) {
    autoscaler(object, MissingNode.getInstance());
  }

  /// @param before the spec as it was, or a missing node: versions that were taken once stay
  static void autoscaler(At object, JsonNode before) {
    At spec = object.at("spec");
    bounds(spec);
    target(spec.at("scaleTargetRef"));
    scaledVersion(spec.at("scaleTargetRef"), before.path("scaleTargetRef"));
    metrics(spec, spec.at("metrics"), describesUnversioned(before));
    convertedShare(spec);
    At behavior = spec.at("behavior");
    rules(behavior.at("scaleUp"));
    rules(behavior.at("scaleDown"));
  }

  private static void bounds(At spec) {
    At least = spec.at("minReplicas");
    At most = spec.at("maxReplicas");
    if (least.isThere() && least.number() < 1) {
      least.invalid("must be greater than or equal to 1");
    }
    if (most.number() < 1) {
      if (most.number() == 0) {
        most.required("must be set and greater than 0");
      } else {
        most.invalid("must be greater than or equal to 1");
      }
    }
    if (least.isThere() && most.number() < least.number()) {
      if (most.isThere()) {
        most.invalid("must be greater than or equal to `minReplicas`");
      } else {
        zero(most).invalid("must be greater than or equal to `minReplicas`");
      }
    }
  }

  /// The first version's share of the processor, which is checked as the metric it is kept as.
  private static void convertedShare(At spec) {
    At share = spec.at("targetCPUUtilizationPercentage");
    if (share.isThere() && share.number() < 1) {
      new At(share.value(), CONVERTED_SHARE, share.errors()).invalid("must be greater than 0");
    }
  }

  private static At zero(At place) {
    return new At(IntNode.valueOf(0), place.path(), place.errors());
  }

  private static void target(At target) {
    if (target.at("kind").needs()) {
      target.at("kind").has(Formats::pathSegment);
    }
    if (target.at("name").needs()) {
      target.at("name").has(Formats::pathSegment);
    }
  }

  /// What is scaled is of a group, but for the only kind of Kubernetes' first group that scales.
  private static void scaledVersion(At target, JsonNode before) {
    At version = target.at("apiVersion");
    boolean stays =
        version.is(before.path("apiVersion").asText(""))
            && target.at("kind").is(before.path("kind").asText(""));
    if (before.isObject() && stays) {
      return;
    }
    if (!isGroupVersion(version.text())) {
      version.invalidText(UNPARSED + version.text());
    } else if (version.text().indexOf('/') <= 0 && !target.at("kind").is("ReplicationController")) {
      version.invalidText("apiVersion must specify API group");
    }
  }

  private static boolean isGroupVersion(String text) {
    return text.indexOf('/') == text.lastIndexOf('/');
  }

  /// Whether a metric was taken that describes an object of no readable version.
  private static boolean describesUnversioned(JsonNode spec) {
    for (JsonNode metric : spec.path("metrics")) {
      JsonNode version = metric.path("object").path("describedObject").path("apiVersion");
      if (metric.path("type").asText("").equals("Object") && !isGroupVersion(version.asText(""))) {
        return true;
      }
    }
    return false;
  }

  /// @param anyVersion whether objects that metrics describe may be of a version that nobody reads
  private static void metrics(At spec, At metrics, boolean anyVersion) {
    boolean toZero = spec.at("minReplicas").isThere() && spec.at("minReplicas").number() == 0;
    boolean counted = false;
    for (At metric : metrics.items()) {
      metric(metric, anyVersion);
      counted |= metric.at("type").is("Object") || metric.at("type").is("External");
    }
    if (toZero && !counted) {
      metrics.forbidden(
          "must specify at least one Object or External metric to support scaling to zero replicas");
    }
  }

  private static void metric(At metric, boolean anyVersion) {
    At type = metric.at("type");
    type.needs("must specify a metric source type");
    type.oneOf(TYPES);
    List<String> given = SOURCES.stream().filter(each -> metric.at(each).isThere()).toList();
    given.stream().findFirst().ifPresent(first -> source(first, metric.at(first), anyVersion));
    int index = List.of(TYPES).indexOf(type.text());
    String expected = index < 0 ? "" : decapitalized(TYPES[index]);
    if (index < 0) {
      // Said a second time: the type tells what to expect.
      type.oneOf(TYPES);
    } else if (!given.contains(expected)) {
      metric.at(expected).required("must populate information for the given metric source");
    }
    if (given.size() > 1) {
      given.stream()
          .filter(each -> !each.equals(expected))
          .forEach(each -> metric.at(each).forbidden("must populate the given metric source only"));
    }
  }

  private static String decapitalized(String text) {
    return Character.toLowerCase(text.charAt(0)) + text.substring(1);
  }

  private static void source(String name, At source, boolean anyVersion) {
    At target = source.at("target");
    switch (name) {
      case "object" -> {
        target(source.at("describedObject"));
        At version = source.at("describedObject").at("apiVersion");
        if (!anyVersion && !isGroupVersion(version.text())) {
          version.invalidText(UNPARSED + version.text());
        }
        identifier(source.at("metric"));
        amounts(target);
        if (!target.at("value").isThere() && !target.at("averageValue").isThere()) {
          target.at("averageValue").required("must set either a target value or averageValue");
        }
      }
      case "external" -> external(source, target);
      case "pods" -> {
        identifier(source.at("metric"));
        amounts(target);
        At average = target.at("averageValue");
        if (!average.isThere()) {
          average.required("must specify a positive target averageValue");
        }
      }
      default -> resource(name, source, target);
    }
  }

  private static void external(At source, At target) {
    identifier(source.at("metric"));
    amounts(target);
    boolean value = target.at("value").isThere();
    if (value == target.at("averageValue").isThere()) {
      if (value) {
        target
            .at("value")
            .forbidden("may not set both a target value for metric and a per-pod target");
      } else {
        target.at("averageValue").required(ONE_TARGET);
      }
    }
  }

  private static void resource(String name, At source, At target) {
    if (name.equals("containerResource")) {
      source.at("container").needs("must specify a container");
    }
    source.at("name").needs("must specify a resource name");
    amounts(target);
    boolean percent = target.at("averageUtilization").isThere();
    boolean value = target.at("averageValue").isThere();
    if (!percent && !value) {
      target
          .at("averageUtilization")
          .required("must set either a target raw value or a target utilization");
    } else if (percent && value) {
      target
          .at("averageValue")
          .forbidden("may not set both a target raw value and a target utilization");
    }
  }

  private static void identifier(At metric) {
    At name = metric.at("name");
    if (name.isEmpty()) {
      name.required("must specify a metric name");
    } else {
      name.has(Formats::pathSegment);
    }
  }

  private static void amounts(At target) {
    At type = target.at("type");
    if (type.isEmpty()) {
      type.required("must specify a metric target type");
    }
    if (!type.is("Utilization") && !type.is("Value") && !type.is("AverageValue")) {
      type.invalidText("must be either Utilization, Value, or AverageValue");
    }
    for (String field : List.of("value", "averageValue")) {
      At amount = target.at(field);
      if (amount.isThere() && amount.quantity().amount().signum() <= 0) {
        amount.invalid("must be positive");
      }
    }
    At percent = target.at("averageUtilization");
    if (percent.isThere() && percent.number() < 1) {
      percent.invalid("must be greater than 0");
    }
  }

  private static void rules(At rules) {
    if (!rules.isThere()) {
      return;
    }
    At window = rules.at("stabilizationWindowSeconds");
    if (window.isThere() && window.number() < 0) {
      window.invalid("must be greater than or equal to zero");
    }
    if (window.number() > WINDOW_SECONDS_MAX) {
      window.invalid("must be less than or equal to " + WINDOW_SECONDS_MAX);
    }
    rules.at("selectPolicy").mayBeOneOf("Disabled", "Max", "Min");
    if (rules.at("policies").isEmpty()) {
      rules.at("policies").required("must specify at least one Policy");
    }
    for (At policy : rules.at("policies").items()) {
      policy.at("type").oneOf("Percent", "Pods");
      if (policy.at("value").number() <= 0) {
        policy.at("value").invalid("must be greater than zero");
      }
      At period = policy.at("periodSeconds");
      if (period.number() <= 0) {
        period.invalid("must be greater than zero");
      }
      if (period.number() > PERIOD_SECONDS_MAX) {
        period.invalid("must be less than or equal to " + PERIOD_SECONDS_MAX);
      }
    }
    rules.at("tolerance").ifThere(At::nonNegativeQuantity);
  }

  static void disruptionBudget(At object) {
    At spec = object.at("spec");
    At least = spec.at("minAvailable");
    At most = spec.at("maxUnavailable");
    if (least.isThere() && most.isThere()) {
      spec.invalid("minAvailable and maxUnavailable cannot be both set");
    }
    for (At each : List.of(least, most)) {
      if (each.isThere()) {
        WorkloadRules.share(each);
        WorkloadRules.notMoreThanAll(each);
      }
    }
    SelectorRules.check(spec.at("selector"));
    spec.at("unhealthyPodEvictionPolicy").mayBeOneOf("AlwaysAllow", "IfHealthyBudget");
  }
}
