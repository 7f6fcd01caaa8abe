// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.endpoints;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.PendingWrites;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Keeps the EndpointSlices of each Service with a selector. Those of a deleted Service go with
/// their owner.
public final class EndpointSliceReconciler implements Reconciler {
  private static final String SERVICE = "kubernetes.io/service-name";
  private static final String MANAGED_BY = "endpointslice.kubernetes.io/managed-by";
  private static final String NAME = "endpointslice-controller.k8s.io";
  private static final String ZONE = "topology.kubernetes.io/zone";

  private final Caches caches;
  private final Api api;
  private final PendingWrites pending = new PendingWrites();
  private final Triggers triggers = new Triggers();
  private final ZoneModes modes;
  private final Events events;

  /// What this reconciler reads.
  public record Caches(
      Informer<Service> services,
      Informer<Pod> pods,
      Informer<Node> nodes,
      Informer<EndpointSlice> slices) {}

  public EndpointSliceReconciler(Caches caches, Api api, Events events) {
    this.caches = caches;
    this.api = api;
    this.events = events;
    this.modes = new ZoneModes(caches.nodes(), events);
  }

  /// The Services whose endpoints are to be given to zones anew after a change of a node.
  public List<Key> concernedBy(@Nullable Node before, @Nullable Node after) {
    boolean isSame =
        before != null
            && after != null
            && ZoneShares.isReady(before) == ZoneShares.isReady(after)
            && ZoneShares.zone(before).equals(ZoneShares.zone(after));
    return isSame ? List.of() : modes.nodesChanged();
  }

  /// The Service that a slice of this controller belongs to, or null.
  public static @Nullable Key serviceOf(EndpointSlice slice) {
    Map<String, String> labels = slice.getMetadata().getLabels();
    if (labels == null || !NAME.equals(labels.get(MANAGED_BY)) || !labels.containsKey(SERVICE)) {
      return null;
    }
    return new Key(slice.getMetadata().getNamespace(), labels.get(SERVICE));
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable Service service = caches.services().get(key.namespace(), key.name());
    if (service == null || !Backends.isKept(service)) {
      pending.forget(key);
      modes.forget(key);
      if (service == null) {
        triggers.forget(key);
      }
      return Result.DONE;
    }
    if (!pending.isSeen(key)) {
      return Result.after(PendingWrites.CACHES_CATCH_UP);
    }
    List<EndpointSlice> present =
        caches.slices().list(key.namespace()).stream()
            .filter(slice -> key.equals(serviceOf(slice)))
            .toList();
    List<Pod> pods = Backends.of(service, caches.pods().list(key.namespace()));
    Optional<Instant> triggered = triggers.since(key, service, pods);
    Writes writes = new Writes(key, service);
    for (String family : Backends.families(service)) {
      List<EndpointSlice> same =
          present.stream().filter(each -> family.equals(each.getAddressType())).toList();
      apply(writes, plan(family, service, pods, same), same, triggered);
    }
    for (EndpointSlice each : present) {
      if (!Backends.families(service).contains(each.getAddressType())) {
        writes.delete(each);
      }
    }
    return Result.DONE;
  }

  /// Changes the slices of a Service, which is told of what is refused.
  private final class Writes {
    private final Key key;
    private final Service service;
    private final String path;

    Writes(Key key, Service service) {
      this.key = key;
      this.service = service;
      this.path = Api.path(EndpointSlice.class, key.namespace(), "");
    }

    void create(ObjectNode slice) {
      attempt(
          "create", () -> pending.wrote(key, caches.slices(), api.create(path, slice.toString())));
    }

    void update(String name, ObjectNode slice) {
      attempt(
          "update " + name,
          () -> pending.wrote(key, caches.slices(), api.update(path + "/" + name, slice)));
    }

    void delete(EndpointSlice slice) {
      String name = slice.getMetadata().getName();
      attempt(
          "delete " + name,
          () -> {
            api.delete(path + "/" + name, Api.object());
            pending.deleted(key, caches.slices(), slice);
          });
    }

    private void attempt(String what, Runnable write) {
      try {
        write.run();
      } catch (Api.RefusedException e) {
        if (!e.isOfEndingNamespace()) {
          events.warning(
              service,
              "FailedToUpdateEndpointSlices",
              "Error updating Endpoint Slices for Service %s: failed to %s EndpointSlice for Service %s: %s"
                  .formatted(key, what, key, e.getMessage()));
        }
        throw e;
      }
    }
  }

  private SlicePlan plan(
      String family, Service service, List<Pod> pods, List<EndpointSlice> present) {
    return SlicePlan.of(
        family,
        service,
        pods,
        present.stream()
            .map(each -> new SlicePlan.Slice(each.getMetadata().getName(), api.toTree(each)))
            .toList(),
        this::zone,
        modes::shares);
  }

  private void apply(
      Writes writes, SlicePlan plan, List<EndpointSlice> present, Optional<Instant> triggered) {
    Key key = writes.key;
    Service service = writes.service;
    Map<String, EndpointSlice> byName = new HashMap<>();
    present.forEach(slice -> byName.put(slice.getMetadata().getName(), slice));
    ObjectNode labels = Backends.labels(service, MANAGED_BY, NAME).put(SERVICE, key.name());
    for (ObjectNode content : plan.create()) {
      ObjectNode slice = object(content);
      ObjectNode metadata = slice.putObject("metadata").put("generateName", key.name() + "-");
      metadata.set("labels", labels);
      Triggers.say(metadata, triggered);
      metadata.putArray("ownerReferences").add(owner(service));
      writes.create(slice);
    }
    byName.forEach(
        (name, slice) -> {
          boolean relabelled = !labels.equals(api.toTree(slice.getMetadata().getLabels()));
          @Nullable ObjectNode content = plan.update().get(name);
          if (plan.delete().contains(name)) {
            writes.delete(slice);
          } else if (content != null || relabelled) {
            ObjectNode update = (ObjectNode) api.toTree(slice);
            if (content != null) {
              update.setAll(content);
            }
            ObjectNode metadata = update.withObjectProperty("metadata");
            metadata.set("labels", labels);
            Triggers.say(metadata, triggered);
            writes.update(name, update);
          }
        });
    if (plan.family().equals(Backends.families(service).getFirst())) {
      modes.tell(key, service, plan.family(), plan.hints());
    }
  }

  private static ObjectNode object(ObjectNode content) {
    ObjectNode slice = Api.object().put("kind", "EndpointSlice");
    slice.put("apiVersion", "discovery.k8s.io/v1");
    return slice.setAll(content);
  }

  private static ObjectNode owner(Service service) {
    return Api.object()
        .put("apiVersion", "v1")
        .put("kind", "Service")
        .put("name", service.getMetadata().getName())
        .put("uid", service.getMetadata().getUid())
        .put("controller", true)
        .put("blockOwnerDeletion", true);
  }

  private @Nullable String zone(String name) {
    @Nullable Node node = caches.nodes().get("", name);
    return node == null || node.getMetadata().getLabels() == null
        ? null
        : node.getMetadata().getLabels().get(ZONE);
  }
}
