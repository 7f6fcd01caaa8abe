// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.node.LongNode;
import java.util.List;
import java.util.Optional;

/// Rules of probes and lifecycle hooks.
final class ProbeRules {
  private static final List<String> HANDLERS =
      List.of("exec", "httpGet", "tcpSocket", "grpc", "sleep");

  private ProbeRules() {}

  /// @param kind `livenessProbe`, `readinessProbe` or `startupProbe`
  static void check(At probe, String kind) {
    if (!probe.isThere()) {
      return;
    }
    handler(probe);
    for (String field :
        List.of(
            "initialDelaySeconds",
            "timeoutSeconds",
            "periodSeconds",
            "successThreshold",
            "failureThreshold")) {
      probe.at(field).nonNegative();
    }
    At grace = probe.at("terminationGracePeriodSeconds");
    if (grace.isThere() && grace.number() <= 0) {
      grace.invalid("must be greater than 0");
    }
    if (kind.equals("readinessProbe")) {
      if (grace.isThere()) {
        grace.invalid("must not be set for readinessProbes");
      }
    } else if (probe.at("successThreshold").number() != 1) {
      probe.at("successThreshold").invalid("must be 1");
    }
  }

  static void lifecycle(At lifecycle, long graceSeconds) {
    for (String hook : List.of("postStart", "preStop")) {
      if (lifecycle.at(hook).isThere()) {
        handler(lifecycle.at(hook));
        sleep(lifecycle.at(hook), graceSeconds);
      }
    }
  }

  /// Only where it is the handler that counts.
  private static void sleep(At hook, long graceSeconds) {
    At sleep = hook.at("sleep");
    boolean counts =
        HANDLERS.stream()
            .filter(each -> hook.at(each).isThere())
            .findFirst()
            .equals(Optional.of("sleep"));
    At seconds = sleep.at("seconds");
    if (counts && (seconds.number() < 0 || seconds.number() > graceSeconds)) {
      new At(LongNode.valueOf(seconds.number()), sleep.path(), sleep.errors())
          .invalid(
              "must be non-negative and less than terminationGracePeriodSeconds (%d)"
                  .formatted(graceSeconds));
    }
  }

  private static void handler(At handler) {
    int handlers = 0;
    for (String name : HANDLERS) {
      At each = handler.at(name);
      if (!each.isThere()) {
        continue;
      }
      if (handlers > 0) {
        each.forbidden("may not specify more than 1 handler type");
      } else {
        action(name, each);
      }
      handlers++;
    }
    if (handlers == 0) {
      handler.required("must specify a handler type");
    }
  }

  private static void action(String name, At action) {
    switch (name) {
      case "exec" -> action.at("command").needs();
      case "httpGet" -> {
        action.at("path").needs();
        port(action.at("port"));
        action.at("scheme").oneOf("HTTP", "HTTPS");
        for (At header : action.at("httpHeaders").items()) {
          header.at("name").named(action.path() + ".httpHeaders").has(Formats::headerName);
        }
      }
      case "tcpSocket" -> port(action.at("port"));
      case "grpc" -> action.at("port").port();
      default -> {}
    }
  }

  static void port(At port) {
    if (port.value().isTextual()) {
      port.has(Formats::portName);
    } else {
      port.port();
    }
  }
}
