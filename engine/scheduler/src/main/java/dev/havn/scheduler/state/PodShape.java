// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.state;

import io.fabric8.kubernetes.api.model.NodeAffinity;
import io.fabric8.kubernetes.api.model.NodeSelector;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Toleration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What of a pod is compared with a node alone, whatever else there is in the cluster. Pods of one
/// template are equal in it: what was found out about a node for one of them is true for the next,
/// until the node changes.
///
/// @param amounts what it asks for
/// @param scored as [Demand#scored] counts
public record PodShape(
    Resources amounts,
    Resources scored,
    List<HostPort> ports,
    @Nullable String node,
    Map<String, String> selector,
    @Nullable NodeSelector required,
    List<Toleration> tolerations,
    int hash) {

  static PodShape of(Pod pod, Demand demand, List<HostPort> ports) {
    @Nullable Map<String, String> selector = pod.getSpec().getNodeSelector();
    @Nullable NodeAffinity affinity =
        pod.getSpec().getAffinity() == null ? null : pod.getSpec().getAffinity().getNodeAffinity();
    PodShape shape =
        new PodShape(
            demand.amounts(),
            demand.scored(),
            ports,
            pod.getSpec().getNodeName(),
            selector == null ? Map.of() : selector,
            affinity == null ? null : affinity.getRequiredDuringSchedulingIgnoredDuringExecution(),
            pod.getSpec().getTolerations(),
            0);
    return shape.hashed();
  }

  private PodShape hashed() {
    int hashed = amounts.hashCode() * 31 + selector.hashCode() + ports.hashCode();
    return new PodShape(
        amounts,
        scored,
        ports,
        node,
        selector,
        required,
        tolerations,
        hashed * 31 + (required == null ? 0 : required.hashCode()));
  }

  /// Worked out once: shapes are looked up for every pod.
  @Override
  public int hashCode() {
    return hash;
  }
}
