// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.endpoints;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.PendingWrites;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.Endpoints;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Shows Endpoints that somebody wrote by hand, for a Service without selector, as EndpointSlices
/// too: one for each of their subsets.
public final class MirrorReconciler implements Reconciler {
  private static final String SERVICE = "kubernetes.io/service-name";
  private static final String MANAGED_BY = "endpointslice.kubernetes.io/managed-by";
  private static final String NAME = "endpointslicemirroring-controller.k8s.io";
  private static final String SKIP = "endpointslice.kubernetes.io/skip-mirror";
  private static final String LEADER = "control-plane.alpha.kubernetes.io/leader";

  /// Annotations that are about the Endpoints themselves.
  private static final Set<String> OF_ENDPOINTS =
      Set.of(Backends.TRIGGERED, "kubectl.kubernetes.io/last-applied-configuration");

  private final Informer<Endpoints> endpoints;
  private final Informer<Service> services;
  private final Informer<EndpointSlice> slices;
  private final Api api;
  private final PendingWrites pending = new PendingWrites();

  public MirrorReconciler(
      Informer<Endpoints> endpoints,
      Informer<Service> services,
      Informer<EndpointSlice> slices,
      Api api) {
    this.endpoints = endpoints;
    this.services = services;
    this.slices = slices;
    this.api = api;
  }

  /// The Endpoints that a slice of this controller mirrors, or null.
  public static @Nullable Key mirrored(EndpointSlice slice) {
    @Nullable Map<String, String> labels = slice.getMetadata().getLabels();
    return labels == null || !NAME.equals(labels.get(MANAGED_BY)) || labels.get(SERVICE) == null
        ? null
        : new Key(slice.getMetadata().getNamespace(), labels.get(SERVICE));
  }

  @Override
  public Result reconcile(Key key) {
    // Names are made up by the API: what the cache does not show yet would be made twice.
    if (!pending.isSeen(key)) {
      return Result.after(PendingWrites.CACHES_CATCH_UP);
    }
    @Nullable Endpoints source = endpoints.get(key.namespace(), key.name());
    List<ObjectNode> wanted = new ArrayList<>();
    if (source != null && isMirrored(source)) {
      api.toTree(source).path("subsets").forEach(subset -> wanted.add(content(subset)));
    }
    List<EndpointSlice> present =
        slices.list(key.namespace()).stream()
            .filter(slice -> key.equals(mirrored(slice)))
            .sorted(Comparator.comparing(slice -> slice.getMetadata().getName()))
            .toList();
    String path = Api.path(EndpointSlice.class, key.namespace(), "");
    for (int i = 0; i < Math.max(wanted.size(), present.size()); i++) {
      if (i >= wanted.size()) {
        api.delete(path + "/" + present.get(i).getMetadata().getName(), Api.object());
        pending.deleted(key, slices, present.get(i));
      } else if (source != null && i >= present.size()) {
        pending.wrote(key, slices, create(path, source, wanted.get(i)));
      } else {
        update(key, path, source, present.get(i), wanted.get(i));
      }
    }
    return Result.DONE;
  }

  private boolean isMirrored(Endpoints source) {
    @Nullable Map<String, String> labels = source.getMetadata().getLabels();
    @Nullable Map<String, String> annotations = source.getMetadata().getAnnotations();
    boolean skipped =
        (labels != null && "true".equals(labels.get(SKIP)))
            || (annotations != null && annotations.containsKey(LEADER));
    @Nullable Service service =
        services.get(source.getMetadata().getNamespace(), source.getMetadata().getName());
    return !skipped
        && source.getMetadata().getDeletionTimestamp() == null
        && service != null
        && service.getSpec().getSelector().isEmpty();
  }

  private static ObjectNode content(JsonNode subset) {
    ObjectNode content = Api.object();
    String first =
        subset
            .path("addresses")
            .path(0)
            .path("ip")
            .asText(subset.path("notReadyAddresses").path(0).path("ip").asText(""));
    content.put("addressType", first.contains(":") ? "IPv6" : "IPv4");
    ArrayNode shown = content.putArray("endpoints");
    for (boolean ready : new boolean[] {true, false}) {
      for (JsonNode address : subset.path(ready ? "addresses" : "notReadyAddresses")) {
        ObjectNode endpoint = shown.addObject();
        endpoint.putArray("addresses").add(address.path("ip").asText());
        endpoint.putObject("conditions").put("ready", ready);
        for (String field : List.of("hostname", "nodeName", "targetRef")) {
          if (address.hasNonNull(field)) {
            endpoint.set(field, address.get(field));
          }
        }
      }
    }
    ArrayNode ports = content.putArray("ports");
    for (JsonNode port : subset.path("ports")) {
      ObjectNode own = ports.addObject();
      own.put("name", port.path("name").asText(""));
      own.put("protocol", port.path("protocol").asText("TCP"));
      own.put("port", port.path("port").asInt());
      if (port.hasNonNull("appProtocol")) {
        own.set("appProtocol", port.get("appProtocol"));
      }
    }
    return content;
  }

  private JsonNode create(String path, Endpoints source, ObjectNode content) {
    ObjectNode slice = Api.object().put("kind", "EndpointSlice");
    slice.put("apiVersion", "discovery.k8s.io/v1");
    String name = source.getMetadata().getName();
    ObjectNode metadata = slice.putObject("metadata").put("generateName", name + "-");
    describe(metadata, source);
    metadata
        .putArray("ownerReferences")
        .addObject()
        .put("apiVersion", "v1")
        .put("kind", "Endpoints")
        .put("name", name)
        .put("uid", source.getMetadata().getUid())
        .put("controller", true)
        .put("blockOwnerDeletion", true);
    slice.setAll(content);
    return api.create(path, slice.toString());
  }

  /// What is said of the Endpoints is said of the slice, too.
  private static void describe(ObjectNode metadata, Endpoints source) {
    ObjectNode labels = metadata.putObject("labels");
    if (source.getMetadata().getLabels() != null) {
      source.getMetadata().getLabels().forEach(labels::put);
    }
    labels.put(MANAGED_BY, NAME).put(SERVICE, source.getMetadata().getName());
    metadata.remove("annotations");
    if (source.getMetadata().getAnnotations() != null) {
      source
          .getMetadata()
          .getAnnotations()
          .forEach(
              (name, text) -> {
                if (!OF_ENDPOINTS.contains(name)) {
                  metadata.withObjectProperty("annotations").put(name, text);
                }
              });
    }
  }

  private void update(
      Key key, String path, @Nullable Endpoints source, EndpointSlice present, ObjectNode content) {
    ObjectNode slice = (ObjectNode) api.toTree(present);
    ObjectNode after = slice.deepCopy();
    after.setAll(content);
    if (source != null) {
      describe(after.withObjectProperty("metadata"), source);
    }
    if (!after.equals(slice)) {
      pending.wrote(key, slices, api.update(path + "/" + present.getMetadata().getName(), after));
    }
  }
}
