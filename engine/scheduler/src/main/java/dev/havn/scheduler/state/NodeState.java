// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.state;

import io.fabric8.kubernetes.api.model.ContainerImage;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeSpec;
import io.fabric8.kubernetes.api.model.Taint;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A node, its pods and what they have taken. It is there without the node itself when a pod stands
/// on a node that is not known (yet, or any more).
public final class NodeState {
  private final String name;
  private final int slot;
  private final Resources requested = new Resources();
  private final Resources scored = new Resources();
  private final List<HostPort> ports = new ArrayList<>();
  private final Map<String, PodFacts> pods = new LinkedHashMap<>();
  private Resources allocatable = new Resources();
  private long podsMax;
  private Map<String, Long> images = Map.of();
  private Map<String, String> labels = Map.of();
  private List<Taint> taints = List.of();
  private boolean cordoned;
  private Set<String> features = Set.of();
  private long version;
  private @Nullable Node node;

  /// @param slot a small number of its own, given again when it is gone
  NodeState(String name, int slot) {
    this.name = name;
    this.slot = slot;
  }

  void set(@Nullable Node changed) {
    node = changed;
    allocatable =
        changed == null || changed.getStatus() == null
            ? new Resources()
            : Resources.of(changed.getStatus().getAllocatable());
    podsMax = allocatable.get("pods");
    images = images(changed);
    @Nullable Map<String, String> said = changed == null ? null : changed.getMetadata().getLabels();
    labels = said == null ? Map.of() : said;
    @Nullable NodeSpec spec = changed == null ? null : changed.getSpec();
    taints = spec == null ? List.of() : spec.getTaints();
    cordoned = spec != null && Boolean.TRUE.equals(spec.getUnschedulable());
    features = features(changed);
  }

  void changed(long number) {
    version = number;
  }

  /// Another one once the node or its pods have changed, but for pods that only left or came to see
  /// what would be; no node has the same twice.
  public long version() {
    return version;
  }

  private static Map<String, Long> images(@Nullable Node node) {
    if (node == null || node.getStatus() == null || node.getStatus().getImages().isEmpty()) {
      return Map.of();
    }
    Map<String, Long> sizes = new HashMap<>();
    for (ContainerImage image : node.getStatus().getImages()) {
      long size = image.getSizeBytes() == null ? 0 : image.getSizeBytes();
      image.getNames().forEach(each -> sizes.put(each, size));
    }
    return sizes;
  }

  private static Set<String> features(@Nullable Node node) {
    return node == null || node.getStatus() == null
        ? Set.of()
        : Set.copyOf(node.getStatus().getDeclaredFeatures());
  }

  void add(PodFacts pod) {
    pods.put(pod.uid(), pod);
    count(pod, 1);
    ports.addAll(pod.ports());
  }

  /// What is known of a pod that counts as before.
  void renew(PodFacts pod) {
    pods.replace(pod.uid(), pod);
  }

  void remove(PodFacts pod) {
    if (pods.remove(pod.uid()) != null) {
      count(pod, -1);
      pod.ports().forEach(ports::remove);
    }
  }

  private void count(PodFacts pod, int times) {
    requested.add(pod.demand().amounts(), times);
    scored.add(pod.demand().scored(), times);
  }

  boolean isKnown() {
    return node != null;
  }

  public Node node() {
    if (node == null) {
      throw new IllegalStateException("node " + name + " is not known");
    }
    return node;
  }

  public String name() {
    return name;
  }

  public int slot() {
    return slot;
  }

  public Map<String, String> labels() {
    return labels;
  }

  public List<Taint> taints() {
    return taints;
  }

  public boolean isCordoned() {
    return cordoned;
  }

  /// What of Kubernetes it declares that it can do.
  public Set<String> features() {
    return features;
  }

  public Collection<PodFacts> pods() {
    return pods.values();
  }

  public int podCount() {
    return pods.size();
  }

  public boolean has(String uid) {
    return pods.containsKey(uid);
  }

  public boolean isFree(HostPort wanted) {
    for (HostPort taken : ports) {
      if (wanted.conflicts(taken)) {
        return false;
      }
    }
    return true;
  }

  /// How many pods it may have.
  public long podsMax() {
    return podsMax;
  }

  public Resources allocatable() {
    return allocatable;
  }

  public Resources requested() {
    return requested;
  }

  /// As [Demand#scored] counts.
  public Resources scored() {
    return scored;
  }

  /// Sizes in bytes by name.
  public Map<String, Long> images() {
    return images;
  }
}
