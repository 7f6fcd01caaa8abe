// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.stats;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.node.pod.StaticPods;
import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.ContainerRuntime.Container;
import java.util.ArrayList;
import java.util.List;

/// A container that runs, and its pod.
record Running(JsonNode pod, Container container) {
  private static final String METADATA = "metadata";

  static List<Running> of(JsonNode pod, ContainerRuntime runtime) {
    List<Running> running = new ArrayList<>();
    for (Container each : runtime.containers(StaticPods.uid(pod))) {
      if (each.running()) {
        running.add(new Running(pod, each));
      }
    }
    return running;
  }

  String[] labels() {
    JsonNode metadata = pod.path(METADATA);
    return new String[] {
      "container",
      container.name(),
      "namespace",
      metadata.path("namespace").asText(),
      "pod",
      metadata.path("name").asText()
    };
  }
}
