// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceFieldSelector;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What a pod can learn of itself.
final class DownwardApi {
  private DownwardApi() {}

  /// @param addresses of the pod
  /// @param hosts those of its node
  static String field(Pod pod, String path, List<String> addresses, List<String> hosts) {
    return switch (path) {
      case "metadata.name" -> pod.getMetadata().getName();
      case "metadata.namespace" -> pod.getMetadata().getNamespace();
      case "metadata.uid" -> pod.getMetadata().getUid();
      case "spec.nodeName" -> pod.getSpec().getNodeName();
      case "spec.serviceAccountName" -> pod.getSpec().getServiceAccountName();
      case "status.hostIP" -> hosts.isEmpty() ? "" : hosts.getFirst();
      case "status.hostIPs" -> String.join(",", hosts);
      case "status.podIP" -> addresses.isEmpty() ? "" : addresses.getFirst();
      case "status.podIPs" -> String.join(",", addresses);
      case "metadata.labels" -> lines(pod.getMetadata().getLabels());
      case "metadata.annotations" -> lines(pod.getMetadata().getAnnotations());
      default -> keyed(pod, path);
    };
  }

  private static String keyed(Pod pod, String path) {
    int open = path.indexOf("['");
    if (open < 0 || !path.endsWith("']")) {
      return "";
    }
    String key = path.substring(open + 2, path.length() - 2);
    @Nullable Map<String, String> map =
        path.startsWith("metadata.labels")
            ? pod.getMetadata().getLabels()
            : pod.getMetadata().getAnnotations();
    return map == null ? "" : map.getOrDefault(key, "");
  }

  private static String lines(@Nullable Map<String, String> map) {
    StringBuilder text = new StringBuilder();
    new TreeMap<>(map == null ? Map.of() : map)
        .forEach(
            (key, value) ->
                text.append(text.isEmpty() ? "" : "\n")
                    .append(key)
                    .append("=\"")
                    .append(value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n"))
                    .append('"'));
    return text.toString();
  }

  /// A limit or request, divided and rounded up; the machine's own where there is no limit.
  static String resource(Pod pod, Container fallback, ResourceFieldSelector selector) {
    Container container =
        pod.getSpec().getContainers().stream()
            .filter(each -> each.getName().equals(selector.getContainerName()))
            .findFirst()
            .orElse(fallback);
    String[] parts = selector.getResource().split("\\.");
    @Nullable Map<String, Quantity> amounts =
        container.getResources() == null
            ? null
            : parts[0].equals("limits")
                ? container.getResources().getLimits()
                : container.getResources().getRequests();
    @Nullable Quantity amount = amounts == null ? null : amounts.get(parts[1]);
    BigDecimal value =
        amount != null
            ? Quantity.getAmountInBytes(amount)
            : parts[0].equals("requests")
                ? BigDecimal.ZERO
                : parts[1].equals("cpu")
                    ? BigDecimal.valueOf(Runtime.getRuntime().availableProcessors())
                    : BigDecimal.valueOf(Machine.memoryBytes());
    BigDecimal divisor =
        selector.getDivisor() == null
            ? BigDecimal.ONE
            : Quantity.getAmountInBytes(selector.getDivisor());
    return value
        .divide(divisor.signum() == 0 ? BigDecimal.ONE : divisor, 0, RoundingMode.CEILING)
        .toPlainString();
  }
}
