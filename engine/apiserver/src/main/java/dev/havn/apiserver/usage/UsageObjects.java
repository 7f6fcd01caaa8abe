// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.usage;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.usage.NodeUsage.Amount;
import dev.havn.apiserver.usage.NodeUsage.NodeFigures;
import dev.havn.apiserver.usage.NodeUsage.PodFigures;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;

/// NodeMetrics and PodMetrics.
///
/// @param now when they are made
/// @param numbers whether durations are nanoseconds in a message, as in protobuf
record UsageObjects(Instant now, boolean numbers) {

  ObjectNode node(ObjectNode node, NodeFigures figures) {
    ObjectNode object = object("NodeMetrics", node, figures.at(), figures.window());
    usage(object.putObject("usage"), figures.used());
    return object;
  }

  ObjectNode pod(ObjectNode pod, PodFigures figures) {
    ObjectNode object = object("PodMetrics", pod, figures.at(), figures.window());
    ArrayNode containers = object.putArray("containers");
    for (Map.Entry<String, Amount> each : figures.containers().entrySet()) {
      ObjectNode container = containers.addObject().put("name", each.getKey());
      usage(container.putObject("usage"), each.getValue());
    }
    return object;
  }

  private ObjectNode object(String kind, ObjectNode of, Instant at, Duration window) {
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    object.put("kind", kind).put("apiVersion", UsageTypes.API_VERSION);
    ObjectNode metadata = object.putObject("metadata");
    for (String field : new String[] {"name", "namespace"}) {
      if (of.path("metadata").has(field)) {
        metadata.set(field, of.path("metadata").get(field));
      }
    }
    metadata.put("creationTimestamp", time(now));
    JsonNode labels = of.path("metadata").path("labels");
    if (!labels.isEmpty()) {
      metadata.set("labels", labels);
    }
    object.put("timestamp", time(at));
    if (numbers) {
      object.putObject("window").put("duration", window.toNanos());
    } else {
      object.put("window", FigureText.window(window));
    }
    return object;
  }

  private static String time(Instant instant) {
    return instant.truncatedTo(ChronoUnit.SECONDS).toString();
  }

  private static void usage(ObjectNode usage, Amount amount) {
    usage.put("cpu", FigureText.cores(amount.nanoCores()));
    usage.put("memory", FigureText.bytes(amount.memoryBytes()));
  }
}
