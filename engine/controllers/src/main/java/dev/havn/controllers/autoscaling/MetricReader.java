// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.autoscaling;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.controllers.autoscaling.Reading.Figure;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.autoscaling.v2.CrossVersionObjectReference;
import io.fabric8.kubernetes.api.model.autoscaling.v2.MetricSpec;
import java.io.UncheckedIOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Asks the three APIs of metrics: of resources, which the cluster has, and those of custom and
/// external metrics, which whoever has installed an adapter has.
final class MetricReader {
  private static final String RESOURCES = "unable to fetch metrics from resource metrics API: ";
  private static final String CUSTOM = "unable to fetch metrics from custom metrics API: ";
  private static final String EXTERNAL = "unable to fetch metrics from external metrics API: ";
  private static final String CUSTOM_GROUP = "custom.metrics.k8s.io";
  private static final List<String> CUSTOM_VERSIONS =
      List.of(CUSTOM_GROUP + "/v1beta2", CUSTOM_GROUP + "/v1beta1");

  /// Of a custom metric that does not say over which time it was measured.
  private static final Duration USUAL_WINDOW = Duration.ofMinutes(1);

  private final Api api;
  private final ScaleTargets kinds;

  MetricReader(Api api, ScaleTargets kinds) {
    this.api = api;
    this.kinds = kinds;
  }

  /// @param selector of the target's pods
  Reading read(MetricSpec metric, String namespace, String selector) {
    try {
      return switch (metric.getType()) {
        case "Resource" -> resource(namespace, selector, metric.getResource().getName(), "");
        case "ContainerResource" ->
            resource(
                namespace,
                selector,
                metric.getContainerResource().getName(),
                metric.getContainerResource().getContainer());
        case "Pods" -> ofPods(namespace, selector, metric);
        case "Object" -> ofObject(namespace, metric);
        case "External" -> external(namespace, metric);
        default -> new Reading.Failed("");
      };
    } catch (UncountableException e) {
      return new Reading.Failed(String.valueOf(e.getMessage()));
    }
  }

  private JsonNode get(String prefix, String path, String resource) {
    try {
      return api.get(path);
    } catch (Api.RefusedException e) {
      throw new UncountableException(prefix + ServerWords.of(e, "get " + resource));
    } catch (UncheckedIOException e) {
      throw new UncountableException(prefix + e.getMessage());
    }
  }

  private Reading resource(String namespace, String selector, String resource, String container) {
    String path = "/apis/metrics.k8s.io/v1beta1/namespaces/" + namespace + "/pods";
    JsonNode items =
        get(RESOURCES, path + query("labelSelector", selector), "pods.metrics.k8s.io")
            .path("items");
    return resource(items, resource, container);
  }

  /// @param items PodMetrics
  /// @param container of which, empty for all together
  static Reading resource(JsonNode items, String resource, String container) {
    if (items.isEmpty()) {
      return new Reading.Failed("no metrics returned from resource metrics API");
    }
    Map<String, Figure> figures = new HashMap<>();
    for (JsonNode each : items) {
      @Nullable Long usage = usage(each.path("containers"), resource, container);
      if (usage != null) {
        figures.put(
            each.path("metadata").path("name").asText(),
            new Figure(
                usage,
                time(each.path("timestamp")),
                GoDuration.parse(each.path("window").asText())));
      }
    }
    return new Reading.OfPods(figures);
  }

  /// A time that is missing or cannot be read is long ago, as in Kubernetes.
  private static Instant time(JsonNode text) {
    try {
      return Instant.parse(text.asText());
    } catch (DateTimeParseException none) {
      return Instant.EPOCH;
    }
  }

  /// Of one container, or of all; null where one that counts has none.
  private static @Nullable Long usage(JsonNode containers, String resource, String container) {
    long sum = 0;
    boolean any = false;
    for (JsonNode each : containers) {
      if (container.isEmpty() || each.path("name").asText().equals(container)) {
        JsonNode usage = each.path("usage").path(resource);
        if (!usage.isTextual()) {
          return null;
        }
        any = true;
        sum = Amounts.plus(sum, Amounts.milli(usage.asText()));
      }
    }
    return any ? sum : null;
  }

  private Reading ofPods(String namespace, String selector, MetricSpec metric) {
    String name = metric.getPods().getMetric().getName();
    String path = customBase() + "/namespaces/" + namespace + "/pods/*/" + name;
    return ofPods(
        get(
                CUSTOM,
                path + customQuery(selector, metric.getPods().getMetric().getSelector()),
                "pods." + CUSTOM_GROUP + " *")
            .path("items"));
  }

  /// @param items of a MetricValueList
  static Reading ofPods(JsonNode items) {
    if (items.isEmpty()) {
      return new Reading.Failed("no metrics returned from custom metrics API");
    }
    Map<String, Figure> figures = new HashMap<>();
    for (JsonNode each : items) {
      Duration window =
          each.path("windowSeconds").isNumber()
              ? Duration.ofSeconds(each.path("windowSeconds").asLong())
              : USUAL_WINDOW;
      figures.put(
          each.path("describedObject").path("name").asText(),
          new Figure(
              Amounts.milli(each.path("value").asText()), time(each.path("timestamp")), window));
    }
    return new Reading.OfPods(figures);
  }

  private Reading ofObject(String namespace, MetricSpec metric) {
    String base = customBase() + "/namespaces/" + namespace;
    CrossVersionObjectReference object = metric.getObject().getDescribedObject();
    String name = metric.getObject().getMetric().getName();
    String group = ScaleTargets.group(object.getApiVersion());
    String path;
    String resource;
    if (object.getKind().equals("Namespace") && group.isEmpty()) {
      path = base + "/metrics/" + name;
      resource = "metrics." + CUSTOM_GROUP + " " + name;
    } else {
      String qualified = qualified(group, object.getKind());
      path = base + "/" + qualified + "/" + object.getName() + "/" + name;
      resource = qualified + "." + CUSTOM_GROUP + " " + object.getName();
    }
    return ofObject(
        get(CUSTOM, path + customQuery("", metric.getObject().getMetric().getSelector()), resource)
            .path("items"));
  }

  /// @param items of a MetricValueList
  static Reading ofObject(JsonNode items) {
    if (items.size() != 1) {
      return new Reading.Failed(
          CUSTOM
              + "the custom metrics API server returned %d results when we asked for exactly one"
                  .formatted(items.size()));
    }
    return new Reading.Amounts(List.of(Amounts.milli(items.path(0).path("value").asText())));
  }

  private String qualified(String group, String kind) {
    List<ScaleTargets.Place> places = kinds.places(group, kind);
    if (places.isEmpty()) {
      String words =
          "unable to map kind %s to resource: no matches for kind \"%s\" in group \"%s\"";
      throw new UncountableException(
          CUSTOM + words.formatted(group.isEmpty() ? kind : kind + "." + group, kind, group));
    }
    return places.getFirst().resource();
  }

  /// The best version that an adapter serves.
  private String customBase() {
    JsonNode groups = get(CUSTOM, "/apis", "groups").path("groups");
    for (JsonNode group : groups) {
      if (!group.path("name").asText().equals(CUSTOM_GROUP)) {
        continue;
      }
      List<String> versions = new ArrayList<>();
      versions.add(group.path("preferredVersion").path("groupVersion").asText());
      group.path("versions").forEach(each -> versions.add(each.path("groupVersion").asText()));
      versions.retainAll(CUSTOM_VERSIONS);
      if (versions.isEmpty()) {
        throw new UncountableException(CUSTOM + "no known available metric versions found");
      }
      return "/apis/" + versions.getFirst();
    }
    throw new UncountableException(
        CUSTOM + "no custom metrics API (custom.metrics.k8s.io) registered");
  }

  private Reading external(String namespace, MetricSpec metric) {
    String name = metric.getExternal().getMetric().getName();
    String path = "/apis/external.metrics.k8s.io/v1beta1/namespaces/" + namespace + "/" + name;
    String selector = MetricSelector.query(metric.getExternal().getMetric().getSelector());
    return external(
        get(EXTERNAL, path + query("labelSelector", selector), name + ".external.metrics.k8s.io")
            .path("items"));
  }

  /// @param items of an ExternalMetricValueList
  static Reading external(JsonNode items) {
    if (items.isEmpty()) {
      return new Reading.Failed("no metrics returned from external metrics API");
    }
    List<Long> amounts = new ArrayList<>();
    items.forEach(each -> amounts.add(Amounts.milli(each.path("value").asText())));
    return new Reading.Amounts(amounts);
  }

  private static String customQuery(String selector, @Nullable LabelSelector metric) {
    String first = query("labelSelector", selector);
    String second = query("metricLabelSelector", MetricSelector.query(metric));
    return first.isEmpty() || second.isEmpty() ? first + second : first + "&" + second.substring(1);
  }

  private static String query(String parameter, String value) {
    return value.isEmpty()
        ? ""
        : "?" + parameter + "=" + URLEncoder.encode(value, StandardCharsets.UTF_8);
  }
}
