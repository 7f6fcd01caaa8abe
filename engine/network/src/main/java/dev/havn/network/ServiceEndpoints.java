// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler.Key;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// EndpointSlices by the Service that they are of. Threads: any.
final class ServiceEndpoints {
  private static final String SERVICE = "kubernetes.io/service-name";

  private final Map<Key, Map<String, EndpointSlice>> slices = new ConcurrentHashMap<>();

  /// Takes a change.
  ///
  /// @return the Service whose endpoints have changed, null for none
  @Nullable Key changed(@Nullable EndpointSlice before, @Nullable EndpointSlice after) {
    @Nullable Key old = before == null ? null : serviceOf(before);
    @Nullable Key now = after == null ? null : serviceOf(after);
    if (before != null && old != null && !old.equals(now)) {
      slices.computeIfPresent(
          old,
          (_, all) -> {
            all.remove(before.getMetadata().getName());
            return all.isEmpty() ? null : all;
          });
    }
    if (after != null && now != null) {
      slices.compute(
          now,
          (_, all) -> {
            Map<String, EndpointSlice> kept = all == null ? new ConcurrentHashMap<>() : all;
            kept.put(after.getMetadata().getName(), after);
            return kept;
          });
    }
    return now == null ? old : now;
  }

  private static @Nullable Key serviceOf(EndpointSlice slice) {
    Map<String, String> labels = slice.getMetadata().getLabels();
    return labels == null || !labels.containsKey(SERVICE)
        ? null
        : new Key(slice.getMetadata().getNamespace(), labels.get(SERVICE));
  }

  Collection<EndpointSlice> of(Key service) {
    @Nullable Map<String, EndpointSlice> all = slices.get(service);
    return all == null ? List.of() : all.values();
  }

  void follow(Informer<EndpointSlice> informer, java.util.function.Consumer<Key> listener) {
    informer.onChange(
        (before, after) -> {
          @Nullable Key service = changed(before, after);
          if (service != null) {
            listener.accept(service);
          }
        });
  }
}
