// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authorization;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.apiserver.resource.FollowedFolder;
import dev.havn.apiserver.resource.StoredObject;
import dev.havn.store.Entry;
import dev.havn.store.Store;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Which objects each node has to do with: those that the pods bound to it refer to. Brought up to
/// date from the log whenever it is asked, so that clusters whose nodes ask nothing pay nothing.
final class NodeGraph implements FollowedFolder.Kept {
  private static final String PODS = "/registry/core/pods/";

  private final FollowedFolder pods;
  private final Map<String, Bound> byPod = new HashMap<>();

  /// How many pods of a node refer to an object.
  private final Map<String, Map<PodReferences.Reference, Integer>> byNode = new HashMap<>();

  private record Bound(String node, Set<PodReferences.Reference> references) {}

  NodeGraph(Store store) {
    this.pods = new FollowedFolder(store, PODS, this);
  }

  /// Whether a pod that is bound to `node` is, or refers to, the object.
  synchronized boolean connects(String node, PodReferences.Reference reference) {
    pods.catchUp();
    return byNode.getOrDefault(node, Map.of()).containsKey(reference);
  }

  /// What the pods of a node refer to.
  ///
  /// @param resource plural, of the core group
  synchronized Set<PodReferences.Reference> of(String node, String resource) {
    pods.catchUp();
    Set<PodReferences.Reference> found = new HashSet<>();
    for (PodReferences.Reference each : byNode.getOrDefault(node, Map.of()).keySet()) {
      if (each.resource().equals(resource)) {
        found.add(each);
      }
    }
    return found;
  }

  @Override
  public void clear() {
    byPod.clear();
    byNode.clear();
  }

  @Override
  public void put(Entry entry) {
    JsonNode pod = StoredObject.of(entry).shared();
    String node = pod.path("spec").path("nodeName").asText("");
    remove(entry.key());
    if (node.isEmpty()) {
      return;
    }
    Bound bound = new Bound(node, PodReferences.of(pod));
    byPod.put(entry.key(), bound);
    Map<PodReferences.Reference, Integer> counts =
        byNode.computeIfAbsent(node, _ -> new HashMap<>());
    bound.references().forEach(each -> counts.merge(each, 1, Integer::sum));
  }

  @Override
  public void remove(String key) {
    @Nullable Bound bound = byPod.remove(key);
    if (bound == null) {
      return;
    }
    Map<PodReferences.Reference, Integer> counts =
        byNode.getOrDefault(bound.node(), new HashMap<>());
    for (PodReferences.Reference each : bound.references()) {
      counts.computeIfPresent(each, (_, count) -> count == 1 ? null : count - 1);
    }
    if (counts.isEmpty()) {
      byNode.remove(bound.node());
    }
  }
}
