// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.endpoints;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Events;
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
/// too, see [MirroredSubsets].
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
  private final Events events;
  private final PendingWrites pending = new PendingWrites();

  public MirrorReconciler(
      Informer<Endpoints> endpoints,
      Informer<Service> services,
      Informer<EndpointSlice> slices,
      Api api,
      Events events) {
    this.endpoints = endpoints;
    this.services = services;
    this.slices = slices;
    this.api = api;
    this.events = events;
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
    MirroredSubsets wanted =
        source == null || !isMirrored(source)
            ? MirroredSubsets.of(Api.object().arrayNode())
            : MirroredSubsets.of(api.toTree(source).path("subsets"));
    if (source != null && wanted.skipped() > 0) {
      events.warning(
          source,
          "TooManyAddressesToMirror",
          "A max of %d addresses can be mirrored to EndpointSlices per Endpoints subset. %d addresses were skipped"
              .formatted(MirroredSubsets.ADDRESSES_MAX, wanted.skipped()));
    }
    List<EndpointSlice> present =
        new ArrayList<>(
            slices.list(key.namespace()).stream()
                .filter(slice -> key.equals(mirrored(slice)))
                .sorted(Comparator.comparing(slice -> slice.getMetadata().getName()))
                .toList());
    String path = Api.path(EndpointSlice.class, key.namespace(), "");
    List<ObjectNode> others = new ArrayList<>();
    for (ObjectNode each : wanted.slices()) {
      @Nullable EndpointSlice same = take(present, each, true);
      if (same == null) {
        others.add(each);
      } else {
        update(key, path, source, same, each);
      }
    }
    for (ObjectNode each : others) {
      @Nullable EndpointSlice free = take(present, each, false);
      if (free != null) {
        update(key, path, source, free, each);
      } else if (source != null) {
        pending.wrote(key, slices, create(path, source, each));
      }
    }
    for (EndpointSlice each : present) {
      api.delete(path + "/" + each.getMetadata().getName(), Api.object());
      pending.deleted(key, slices, each);
    }
    return Result.DONE;
  }

  /// Takes one of the slices that are there to show something in it, which must be of its family:
  /// that cannot be changed.
  ///
  /// @param samePorts whether its ports have to be the same, so that it changes least
  private @Nullable EndpointSlice take(
      List<EndpointSlice> present, ObjectNode content, boolean samePorts) {
    for (EndpointSlice each : present) {
      boolean fits = content.path("addressType").asText().equals(each.getAddressType());
      if (fits && (!samePorts || api.toTree(each).path("ports").equals(content.path("ports")))) {
        present.remove(each);
        return each;
      }
    }
    return null;
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
