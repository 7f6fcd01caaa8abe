// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.replicas.PodState;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Keeps the EndpointSlice and the Endpoints of a Service with a selector: the addresses of its
/// pods.
final class EndpointReconciler implements Reconciler {
  private static final String MANAGED_BY = "endpointslice-controller.k8s.io";

  private final Informer<Service> services;
  private final Informer<Pod> pods;
  private final Informer<EndpointSlice> slices;
  private final Api api;

  EndpointReconciler(
      Informer<Service> services, Informer<Pod> pods, Informer<EndpointSlice> slices, Api api) {
    this.services = services;
    this.pods = pods;
    this.slices = slices;
    this.api = api;
  }

  static boolean mayConcern(Service service, @Nullable Pod before, @Nullable Pod after) {
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

  @Override
  public Result reconcile(Key key) {
    @Nullable Service service = services.get(key.namespace(), key.name());
    if (!services.hasSynced() || !pods.hasSynced() || !slices.hasSynced()) {
      return Result.after(java.time.Duration.ofMillis(100));
    }
    String slicesPath = Api.path(EndpointSlice.class, key.namespace(), "");
    String endpointsPath = "/api/v1/namespaces/" + key.namespace() + "/endpoints";
    if (service == null) {
      api.delete(endpointsPath + "/" + key.name(), Api.object());
      slices.list(key.namespace()).stream()
          .filter(slice -> isOf(slice, key.name()))
          .forEach(
              slice -> api.delete(slicesPath + "/" + slice.getMetadata().getName(), Api.object()));
      return Result.DONE;
    }
    Map<String, String> selector = service.getSpec().getSelector();
    if (selector == null
        || selector.isEmpty()
        || "ExternalName".equals(service.getSpec().getType())
        || service.getMetadata().getDeletionTimestamp() != null) {
      return Result.DONE;
    }
    List<Pod> chosen =
        pods.list(key.namespace()).stream()
            .filter(pod -> selects(service, pod) && hasAddress(pod) && !PodState.isFinished(pod))
            .sorted(Comparator.comparing(pod -> pod.getMetadata().getName()))
            .toList();
    writeSlice(key, service, chosen, slicesPath);
    writeEndpoints(key, service, chosen, endpointsPath);
    return Result.DONE;
  }

  private static boolean isOf(EndpointSlice slice, String service) {
    Map<String, String> labels = slice.getMetadata().getLabels();
    return labels != null
        && service.equals(labels.get("kubernetes.io/service-name"))
        && MANAGED_BY.equals(labels.get("endpointslice.kubernetes.io/managed-by"));
  }

  private static boolean hasAddress(Pod pod) {
    return pod.getStatus() != null
        && pod.getStatus().getPodIP() != null
        && !pod.getStatus().getPodIP().isEmpty();
  }

  private void writeSlice(Key key, Service service, List<Pod> chosen, String path) {
    ObjectNode content = Api.object().put("addressType", "IPv4");
    ArrayNode endpoints = content.putArray("endpoints");
    boolean notReady = Boolean.TRUE.equals(service.getSpec().getPublishNotReadyAddresses());
    for (Pod pod : chosen) {
      ObjectNode endpoint = endpoints.addObject();
      endpoint.putArray("addresses").add(pod.getStatus().getPodIP());
      boolean serving = PodState.isReady(pod);
      boolean terminating = PodState.isTerminating(pod);
      endpoint
          .putObject("conditions")
          .put("ready", notReady || (serving && !terminating))
          .put("serving", serving)
          .put("terminating", terminating);
      endpoint.set("targetRef", reference(pod));
      endpoint.put("nodeName", pod.getSpec().getNodeName());
    }
    ArrayNode ports = content.putArray("ports");
    for (ServicePort port : service.getSpec().getPorts()) {
      Optional<Integer> number = port(port, chosen);
      if (number.isPresent()) {
        ports
            .addObject()
            .put("name", port.getName() == null ? "" : port.getName())
            .put("protocol", port.getProtocol())
            .put("port", number.get());
      }
    }
    Optional<EndpointSlice> known =
        slices.list(key.namespace()).stream().filter(slice -> isOf(slice, key.name())).findFirst();
    if (known.isEmpty()) {
      createSlice(key, service, content, path);
      return;
    }
    JsonNode before = api.toTree(known.get());
    boolean same =
        before.path("endpoints").equals(content.path("endpoints"))
            && before.path("ports").equals(content.path("ports"));
    if (!same) {
      api.merge(path + "/" + known.get().getMetadata().getName(), content);
    }
  }

  private void createSlice(Key key, Service service, ObjectNode content, String path) {
    ObjectNode slice = Api.object().put("kind", "EndpointSlice");
    slice.put("apiVersion", "discovery.k8s.io/v1");
    ObjectNode metadata = slice.putObject("metadata").put("generateName", key.name() + "-");
    ObjectNode labels = metadata.putObject("labels");
    labels.put("kubernetes.io/service-name", key.name());
    labels.put("endpointslice.kubernetes.io/managed-by", MANAGED_BY);
    metadata
        .putArray("ownerReferences")
        .addObject()
        .put("apiVersion", "v1")
        .put("kind", "Service")
        .put("name", key.name())
        .put("uid", service.getMetadata().getUid())
        .put("controller", true)
        .put("blockOwnerDeletion", true);
    slice.setAll(content);
    api.create(path, slice.toString());
  }

  private void writeEndpoints(Key key, Service service, List<Pod> chosen, String path) {
    ObjectNode content = Api.object();
    ArrayNode subsets = content.putArray("subsets");
    ObjectNode subset = Api.object();
    boolean notReady = Boolean.TRUE.equals(service.getSpec().getPublishNotReadyAddresses());
    for (Pod pod : chosen) {
      boolean ready = notReady || (PodState.isReady(pod) && !PodState.isTerminating(pod));
      if (!ready && PodState.isTerminating(pod)) {
        continue;
      }
      ObjectNode address =
          subset.withArrayProperty(ready ? "addresses" : "notReadyAddresses").addObject();
      address.put("ip", pod.getStatus().getPodIP()).put("nodeName", pod.getSpec().getNodeName());
      address.set("targetRef", reference(pod));
    }
    if (!subset.isEmpty()) {
      ArrayNode ports = subset.putArray("ports");
      for (ServicePort port : service.getSpec().getPorts()) {
        port(port, chosen)
            .ifPresent(
                number -> {
                  ObjectNode shown = ports.addObject();
                  if (port.getName() != null && !port.getName().isEmpty()) {
                    shown.put("name", port.getName());
                  }
                  shown.put("port", number).put("protocol", port.getProtocol());
                });
      }
      subsets.add(subset);
    }
    Optional<JsonNode> known = api.find(path + "/" + key.name());
    if (known.isEmpty()) {
      ObjectNode endpoints = Api.object().put("kind", "Endpoints").put("apiVersion", "v1");
      ObjectNode metadata = endpoints.putObject("metadata").put("name", key.name());
      metadata.putObject("labels").put("endpoints.kubernetes.io/managed-by", "endpoint-controller");
      endpoints.setAll(content);
      api.create(path, endpoints.toString());
    } else if (!known.get().path("subsets").equals(subsets)
        && !(subsets.isEmpty() && known.get().path("subsets").isMissingNode())) {
      api.merge(path + "/" + key.name(), content);
    }
  }

  private static ObjectNode reference(Pod pod) {
    return Api.object()
        .put("kind", "Pod")
        .put("namespace", pod.getMetadata().getNamespace())
        .put("name", pod.getMetadata().getName())
        .put("uid", pod.getMetadata().getUid());
  }

  /// The number of a Service's port in its pods: given, or that of the container port of that name.
  private static Optional<Integer> port(ServicePort port, List<Pod> chosen) {
    IntOrString target = port.getTargetPort();
    if (target == null) {
      return Optional.of(port.getPort());
    }
    if (target.getIntVal() != null) {
      return Optional.of(target.getIntVal());
    }
    return chosen.stream()
        .flatMap(pod -> pod.getSpec().getContainers().stream())
        .flatMap(container -> container.getPorts().stream())
        .filter(each -> target.getStrVal().equals(each.getName()))
        .map(ContainerPort::getContainerPort)
        .findFirst();
  }
}
