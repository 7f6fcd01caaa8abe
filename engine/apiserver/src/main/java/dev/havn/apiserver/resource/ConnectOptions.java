// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/// The query of what is opened in a pod, as the object that Kubernetes takes it for.
final class ConnectOptions {
  private static final List<String> FLAGS = List.of("stdin", "stdout", "stderr", "tty");

  private ConnectOptions() {}

  /// @param kind such as `PodExecOptions`
  static ObjectNode of(Call call, String kind) {
    ObjectNode options = JsonNodeFactory.instance.objectNode();
    options.put("kind", kind).put("apiVersion", "v1");
    switch (kind) {
      case "PodExecOptions", "PodAttachOptions" -> streams(call, options);
      case "PodPortForwardOptions" -> {
        List<String> ports = call.request().query().all("ports");
        for (String each : String.join(",", ports).split(",")) {
          if (each.matches("[0-9]{1,5}")) {
            options.withArrayProperty("ports").add(Integer.parseInt(each));
          }
        }
      }
      default -> {
        if (!call.info().rest().isEmpty()) {
          options.put("path", call.info().rest());
        }
      }
    }
    return options;
  }

  private static void streams(Call call, ObjectNode options) {
    for (String flag : FLAGS) {
      if (call.flag(flag)) {
        options.put(flag, true);
      }
    }
    String container = call.query("container");
    if (container != null) {
      options.put("container", container);
    }
    List<String> command = call.request().query().all("command");
    if (!command.isEmpty()) {
      command.forEach(options.putArray("command")::add);
    }
  }
}
