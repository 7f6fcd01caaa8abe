// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceFieldSelector;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
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

  /// A limit or request as a variable of a container, of its own or of one that it names.
  ///
  /// @param allocatable what the node has for pods, by resource: the limit of who has none, unless
  ///   the pod has one; an init container that is named has none then, as with a kubelet
  /// @throws UnknownContainerException when the pod has no container of that name
  static String variable(
      Pod pod, Container own, ResourceFieldSelector selector, Map<String, BigDecimal> allocatable) {
    @Nullable String name = selector.getContainerName();
    if (name == null || name.isEmpty()) {
      return resource(own, selector, bounds(pod, allocatable));
    }
    Container named = container(pod, name);
    boolean isInit = pod.getSpec().getInitContainers().contains(named);
    return resource(named, selector, isInit ? Map.of() : bounds(pod, allocatable));
  }

  /// A limit or request as a file.
  ///
  /// @param allocatable what the node has for pods, by resource: the limit of who has none
  /// @throws UnknownContainerException when the pod has no container of that name
  static String file(Pod pod, ResourceFieldSelector selector, Map<String, BigDecimal> allocatable) {
    String name = Objects.requireNonNullElse(selector.getContainerName(), "");
    return resource(container(pod, name), selector, allocatable);
  }

  /// A container that is referred to is not there.
  static final class UnknownContainerException extends RuntimeException {
    private UnknownContainerException(String name) {
      super("container " + name + " not found");
    }
  }

  private static Container container(Pod pod, String name) {
    return Stream.concat(
            pod.getSpec().getContainers().stream(), pod.getSpec().getInitContainers().stream())
        .filter(each -> each.getName().equals(name))
        .findFirst()
        .orElseThrow(() -> new UnknownContainerException(name));
  }

  /// What bounds containers without limits: the pod's limits, else the node.
  private static Map<String, BigDecimal> bounds(Pod pod, Map<String, BigDecimal> allocatable) {
    @Nullable ResourceRequirements whole = pod.getSpec().getResources();
    if (whole == null || whole.getLimits() == null) {
      return allocatable;
    }
    Map<String, BigDecimal> bounds = new HashMap<>(allocatable);
    for (String each : List.of("cpu", "memory")) {
      @Nullable Quantity limit = whole.getLimits().get(each);
      if (limit != null && Quantity.getAmountInBytes(limit).signum() > 0) {
        bounds.put(each, Quantity.getAmountInBytes(limit));
      }
    }
    return bounds;
  }

  /// Divided and rounded up.
  private static String resource(
      Container container, ResourceFieldSelector selector, Map<String, BigDecimal> bounds) {
    String[] parts = selector.getResource().split("\\.", 2);
    boolean isLimit = parts[0].equals("limits");
    @Nullable ResourceRequirements resources = container.getResources();
    @Nullable Map<String, Quantity> amounts =
        resources == null ? null : isLimit ? resources.getLimits() : resources.getRequests();
    @Nullable Quantity amount = amounts == null ? null : amounts.get(parts[1]);
    BigDecimal value = amount == null ? BigDecimal.ZERO : Quantity.getAmountInBytes(amount);
    if (isLimit && value.signum() == 0) {
      value = bounds.getOrDefault(parts[1], BigDecimal.ZERO);
    }
    BigDecimal divisor =
        selector.getDivisor() == null
            ? BigDecimal.ONE
            : Quantity.getAmountInBytes(selector.getDivisor());
    return value
        .divide(divisor.signum() == 0 ? BigDecimal.ONE : divisor, 0, RoundingMode.CEILING)
        .toPlainString();
  }
}
