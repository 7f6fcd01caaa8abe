// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.endpoints;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.replicas.PodState;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodIP;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The pods behind a Service, and by which ports each is reached.
public final class Backends {
  static final String HEADLESS = "service.kubernetes.io/headless";
  static final String TRIGGERED = "endpoints.kubernetes.io/last-change-trigger-time";

  private Backends() {}

  /// A port of a Service as one pod has it.
  record Port(String name, String protocol, int number, @Nullable String appProtocol) {}

  /// Whether a change of a pod may change what the Service leads to.
  public static boolean mayConcern(Service service, @Nullable Pod before, @Nullable Pod after) {
    return (before != null && selects(service, before))
        || (after != null && selects(service, after));
  }

  private static boolean selects(Service service, Pod pod) {
    Map<String, String> selector = service.getSpec().getSelector();
    Map<String, String> labels = pod.getMetadata().getLabels();
    return selector != null
        && !selector.isEmpty()
        && labels != null
        && labels.entrySet().containsAll(selector.entrySet());
  }

  /// Whether the endpoints of a Service are for controllers to keep.
  static boolean isKept(@Nullable Service service) {
    return service != null
        && service.getSpec().getSelector() != null
        && !service.getSpec().getSelector().isEmpty()
        && !"ExternalName".equals(service.getSpec().getType())
        && service.getMetadata().getDeletionTimestamp() == null;
  }

  /// Those with an address that are not finished, by name; also those that end.
  static List<Pod> of(Service service, List<Pod> pods) {
    return pods.stream()
        .filter(pod -> selects(service, pod) && hasAddress(pod) && !PodState.isFinished(pod))
        .sorted(Comparator.comparing(pod -> pod.getMetadata().getName()))
        .toList();
  }

  private static boolean hasAddress(Pod pod) {
    return pod.getStatus() != null
        && pod.getStatus().getPodIP() != null
        && !pod.getStatus().getPodIP().isEmpty();
  }

  /// The kinds of addresses by which a Service leads to its pods, its own first.
  static List<String> families(Service service) {
    List<String> families = service.getSpec().getIpFamilies();
    return families == null || families.isEmpty() ? List.of("IPv4") : families;
  }

  /// A pod's address of one kind.
  static Optional<String> address(Pod pod, String family) {
    List<PodIP> all = pod.getStatus().getPodIPs();
    Stream<String> known =
        all == null || all.isEmpty()
            ? Stream.of(pod.getStatus().getPodIP())
            : all.stream().map(PodIP::getIp);
    return known.filter(each -> each.contains(":") == family.equals("IPv6")).findFirst();
  }

  static boolean isHeadless(Service service) {
    return "None".equals(service.getSpec().getClusterIP());
  }

  /// Whether addresses are published before they are Ready.
  static boolean publishesAll(Service service) {
    return Boolean.TRUE.equals(service.getSpec().getPublishNotReadyAddresses());
  }

  /// The name under which the Service's DNS domain knows the pod, if it gave itself one.
  static Optional<String> hostname(Service service, Pod pod) {
    String hostname = pod.getSpec().getHostname();
    boolean own =
        hostname != null
            && !hostname.isEmpty()
            && service.getMetadata().getName().equals(pod.getSpec().getSubdomain());
    return own ? Optional.of(hostname) : Optional.empty();
  }

  static ObjectNode reference(Pod pod) {
    return Api.object()
        .put("kind", "Pod")
        .put("namespace", pod.getMetadata().getNamespace())
        .put("name", pod.getMetadata().getName())
        .put("uid", pod.getMetadata().getUid());
  }

  /// Those that the pod has; a port named in the Service that the pod does not have is left out.
  static List<Port> ports(Service service, Pod pod) {
    List<Port> ports = new ArrayList<>();
    for (ServicePort port : service.getSpec().getPorts()) {
      number(port, pod)
          .ifPresent(
              number ->
                  ports.add(
                      new Port(
                          port.getName() == null ? "" : port.getName(),
                          port.getProtocol(),
                          number,
                          port.getAppProtocol())));
    }
    return ports;
  }

  private static Optional<Integer> number(ServicePort port, Pod pod) {
    IntOrString target = port.getTargetPort();
    if (target == null) {
      return Optional.of(port.getPort());
    }
    if (target.getIntVal() != null) {
      return Optional.of(target.getIntVal());
    }
    Stream<Container> sidecars =
        pod.getSpec().getInitContainers().stream()
            .filter(each -> "Always".equals(each.getRestartPolicy()));
    return Stream.concat(pod.getSpec().getContainers().stream(), sidecars)
        .flatMap(container -> container.getPorts().stream())
        .filter(
            each ->
                target.getStrVal().equals(each.getName())
                    && port.getProtocol()
                        .equals(each.getProtocol() == null ? "TCP" : each.getProtocol()))
        .map(ContainerPort::getContainerPort)
        .findFirst();
  }

  /// The Service's labels with what this controller says about the object.
  static ObjectNode labels(Service service, String managedByLabel, String managedBy) {
    ObjectNode labels = Api.object();
    Map<String, String> own = service.getMetadata().getLabels();
    new HashMap<>(own == null ? Map.of() : own).forEach(labels::put);
    labels.remove(HEADLESS);
    if (isHeadless(service)) {
      labels.put(HEADLESS, "");
    }
    return labels.put(managedByLabel, managedBy);
  }
}
