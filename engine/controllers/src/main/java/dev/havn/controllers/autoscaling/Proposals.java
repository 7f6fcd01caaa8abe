// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.autoscaling;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.autoscaling.Reading.Figure;
import dev.havn.controllers.autoscaling.ReplicaCount.Counted;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.autoscaling.v2.MetricIdentifier;
import io.fabric8.kubernetes.api.model.autoscaling.v2.MetricSpec;
import io.fabric8.kubernetes.api.model.autoscaling.v2.MetricTarget;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// What each kind of metric proposes.
///
/// @param namespace of the autoscaler
/// @param present replicas that the scale's status says are there
/// @param trees makes JSON of a model
record Proposals(
    String namespace, ReplicaCount count, int present, Function<Object, JsonNode> trees) {

  Proposal of(MetricSpec metric, Reading reading) {
    return switch (metric.getType()) {
      case "Resource" -> ofResource(metric, reading);
      case "ContainerResource" -> ofContainer(metric, reading);
      case "Pods" -> ofPods(metric, reading);
      case "Object" -> ofObject(metric, reading);
      case "External" -> external(metric, reading);
      default -> {
        String why = "unknown metric source type \"" + metric.getType() + "\"";
        yield new Proposal.Invalid(Proposal.Invalid.UNKNOWN_TYPE, why, why);
      }
    };
  }

  private Proposal ofResource(MetricSpec metric, Reading reading) {
    String resource = metric.getResource().getName();
    String prefix = "failed to get " + resource + " resource metric value: ";
    try {
      ObjectNode status = Api.object().put("type", "Resource");
      ObjectNode own = status.putObject("resource").put("name", resource);
      MetricTarget target = metric.getResource().getTarget();
      Counted counted = counted(target, resource, "", reading, own.putObject("current"));
      return new Proposal.Valid(counted.replicas(), name(target, resource, ""), status);
    } catch (UncountableException e) {
      return invalid("FailedGetResourceMetric", e, prefix);
    }
  }

  private Proposal ofContainer(MetricSpec metric, Reading reading) {
    String resource = metric.getContainerResource().getName();
    String container = metric.getContainerResource().getContainer();
    String prefix = "failed to get " + container + " container metric value: ";
    try {
      ObjectNode status = Api.object().put("type", "ContainerResource");
      ObjectNode own = status.putObject("containerResource").put("name", resource);
      own.put("container", container);
      MetricTarget target = metric.getContainerResource().getTarget();
      Counted counted = counted(target, resource, container, reading, own.putObject("current"));
      return new Proposal.Valid(counted.replicas(), name(target, resource, "container "), status);
    } catch (UncountableException e) {
      return invalid("FailedGetContainerResourceMetric", e, prefix);
    }
  }

  private static Proposal invalid(String reason, UncountableException e, String prefix) {
    String why = String.valueOf(e.getMessage());
    return new Proposal.Invalid(reason, why, prefix + why);
  }

  private static String name(MetricTarget target, String resource, String of) {
    return target.getAverageValue() != null
        ? resource + " resource"
        : resource + " " + of + "resource utilization (percentage of request)";
  }

  private Counted counted(
      MetricTarget target, String resource, String container, Reading reading, ObjectNode current) {
    boolean byValue = target.getAverageValue() != null;
    if (!byValue && target.getAverageUtilization() == null) {
      throw new UncountableException(
          "invalid resource metric source: neither an average utilization target nor an average"
              + " value (usage) target was set");
    }
    try {
      Map<String, Figure> figures =
          figures(reading, "unable to get metrics for resource " + resource + ": ");
      Counted counted =
          byValue
              ? count.byAverage(figures, resource, Amounts.milli(target.getAverageValue()))
              : count.byUtilization(figures, resource, container, target.getAverageUtilization());
      if (!byValue) {
        current.put("averageUtilization", counted.utilization());
      }
      current.put(
          "averageValue",
          resource.equals("memory")
              ? Amounts.binary(counted.usage())
              : Amounts.decimal(counted.usage()));
      return counted;
    } catch (UncountableException e) {
      throw new UncountableException(
          "failed to get %s %s: %s"
              .formatted(resource, byValue ? "usage" : "utilization", e.getMessage()));
    }
  }

  private static Map<String, Figure> figures(Reading reading, String prefix) {
    return switch (reading) {
      case Reading.OfPods(Map<String, Figure> figures) -> figures;
      case Reading.Failed(String why) -> throw new UncountableException(prefix + why);
      case Reading.Amounts _ -> throw new AssertionError("a metric of pods has figures of pods");
    };
  }

  private static List<Long> amounts(Reading reading, String prefix) {
    return switch (reading) {
      case Reading.Amounts(List<Long> amounts) -> amounts;
      case Reading.Failed(String why) -> throw new UncountableException(prefix + why);
      case Reading.OfPods _ -> throw new AssertionError("a metric of no pod has amounts");
    };
  }

  private Proposal ofPods(MetricSpec metric, Reading reading) {
    String name = metric.getPods().getMetric().getName();
    try {
      Counted counted =
          count.byAverage(
              figures(reading, "unable to get metric " + name + ": "),
              "",
              Amounts.milli(metric.getPods().getTarget().getAverageValue()));
      ObjectNode status = Api.object().put("type", "Pods");
      ObjectNode own = status.putObject("pods");
      own.set("metric", identifier(metric.getPods().getMetric()));
      own.putObject("current").put("averageValue", Amounts.decimal(counted.usage()));
      return new Proposal.Valid(counted.replicas(), "pods metric " + name, status);
    } catch (UncountableException e) {
      return invalid("FailedGetPodsMetric", e, "failed to get pods metric value: ");
    }
  }

  private Proposal ofObject(MetricSpec metric, Reading reading) {
    String name = metric.getObject().getMetric().getName();
    MetricTarget target = metric.getObject().getTarget();
    String kind = metric.getObject().getDescribedObject().getKind();
    ObjectNode status = Api.object().put("type", "Object");
    ObjectNode own = status.putObject("object");
    own.set("metric", identifier(metric.getObject().getMetric()));
    ObjectNode current = own.putObject("current");
    own.set("describedObject", trees.apply(metric.getObject().getDescribedObject()));
    boolean byValue = "Value".equals(target.getType()) && target.getValue() != null;
    try {
      if (!byValue && target.getAverageValue() == null) {
        throw new UncountableException(
            "invalid object metric source: neither a value target nor an average value target was"
                + " set");
      }
      // The order of words is Kubernetes' own.
      String prefix =
          "unable to get metric %s: %s on %s %s/"
              .formatted(name, kind, namespace, metric.getObject().getDescribedObject().getName());
      long usage = amounts(reading, prefix).getFirst();
      if (byValue) {
        int replicas = count.byTotal(usage, Amounts.milli(target.getValue()));
        current.put("value", Amounts.decimal(usage));
        return new Proposal.Valid(replicas, kind + " metric " + name, status);
      }
      Counted counted = count.byShare(usage, Amounts.milli(target.getAverageValue()), present);
      current.put("averageValue", Amounts.decimal(counted.usage()));
      return new Proposal.Valid(
          counted.replicas(), externalName(metric.getObject().getMetric()), status);
    } catch (UncountableException e) {
      String more = byValue ? "" : "failed to get " + name + " object metric: ";
      return invalid("FailedGetObjectMetric", e, "failed to get object metric value: " + more);
    }
  }

  private Proposal external(MetricSpec metric, Reading reading) {
    MetricIdentifier identifier = metric.getExternal().getMetric();
    MetricTarget target = metric.getExternal().getTarget();
    String name = identifier.getName();
    boolean byShare = target.getAverageValue() != null;
    ObjectNode status = Api.object().put("type", "External");
    ObjectNode own = status.putObject("external");
    own.set("metric", identifier(identifier));
    ObjectNode current = own.putObject("current");
    try {
      String asked =
          "unable to get external metric %s/%s/%s: "
              .formatted(namespace, name, MetricSelector.words(identifier.getSelector()));
      long usage = total(amounts(reading, asked));
      if (byShare) {
        Counted counted = count.byShare(usage, Amounts.milli(target.getAverageValue()), present);
        current.put("averageValue", Amounts.decimal(counted.usage()));
        return new Proposal.Valid(counted.replicas(), externalName(identifier), status);
      }
      int replicas = count.byTotal(usage, Amounts.milli(target.getValue()));
      current.put("value", Amounts.decimal(usage));
      return new Proposal.Valid(replicas, externalName(identifier), status);
    } catch (UncountableException e) {
      String what = byShare ? name + " external metric: " : "external metric " + name + ": ";
      return invalid(
          "FailedGetExternalMetric",
          e,
          "failed to get " + name + " external metric value: failed to get " + what);
    }
  }

  private static long total(List<Long> amounts) {
    long total = 0;
    for (long each : amounts) {
      total = Amounts.plus(total, each);
    }
    return total;
  }

  private static String externalName(MetricIdentifier metric) {
    return "external metric %s(%s)"
        .formatted(metric.getName(), MetricSelector.words(metric.getSelector()));
  }

  private ObjectNode identifier(MetricIdentifier metric) {
    ObjectNode identifier = Api.object().put("name", metric.getName());
    @Nullable LabelSelector selector = metric.getSelector();
    if (selector != null) {
      identifier.set("selector", trees.apply(selector));
    }
    return identifier;
  }
}
