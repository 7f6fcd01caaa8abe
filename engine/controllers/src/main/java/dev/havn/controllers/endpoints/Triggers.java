// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.endpoints;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.replicas.PodState;
import dev.havn.reconcile.Reconciler.Key;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Since when what a Service leads to is otherwise than at the last look, as far as its pods say:
/// the earliest of their changes, by which others measure how long it takes until traffic follows.
/// At the first look that is when the Service was made.
///
/// For many threads, each Service on one at a time.
final class Triggers {
  private final Map<Key, Map<String, Instant>> seen = new ConcurrentHashMap<>();

  /// Empty when nothing has changed that has a time.
  Optional<Instant> since(Key key, Service service, List<Pod> pods) {
    Map<String, Instant> times = new HashMap<>();
    Instant made = Instant.parse(service.getMetadata().getCreationTimestamp());
    times.put("", made);
    pods.forEach(
        pod ->
            PodState.readinessSince(pod)
                .ifPresent(since -> times.put(pod.getMetadata().getName(), since)));
    @Nullable Map<String, Instant> before = seen.put(key, times);
    if (before == null) {
      return Optional.of(made);
    }
    return times.entrySet().stream()
        .filter(each -> each.getValue().isAfter(before.getOrDefault(each.getKey(), Instant.MIN)))
        .map(Map.Entry::getValue)
        .min(Instant::compareTo);
  }

  void forget(Key key) {
    seen.remove(key);
  }

  static void say(ObjectNode metadata, Optional<Instant> since) {
    ObjectNode annotations = metadata.withObjectProperty("annotations");
    since.ifPresentOrElse(
        time -> annotations.put(Backends.TRIGGERED, time.toString()),
        () -> annotations.remove(Backends.TRIGGERED));
  }
}
