// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.state;

import io.fabric8.kubernetes.api.model.Affinity;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodAffinity;
import io.fabric8.kubernetes.api.model.PodAntiAffinity;
import io.fabric8.kubernetes.api.model.Volume;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A pod as the scheduler sees it, computed once per revision of the pod.
///
/// @param claims keys (`namespace/name`) of the volume claims that it uses
/// @param preferences terms that are preferred; those to keep away from have negative weights
/// @param isLeaving whether it is being deleted
/// @param started when it began on its node; one that has not begins later than all others
/// @param shape what of it nodes are compared with
public record PodFacts(
    Pod pod,
    Demand demand,
    List<HostPort> ports,
    List<String> claims,
    List<AffinityTerm> affinity,
    List<AffinityTerm> antiAffinity,
    List<AffinityTerm> preferences,
    int priority,
    boolean isLeaving,
    Instant started,
    PodShape shape) {

  public static PodFacts of(Pod pod) {
    String namespace = pod.getMetadata().getNamespace();
    @Nullable Affinity affinity = pod.getSpec().getAffinity();
    @Nullable PodAffinity to = affinity == null ? null : affinity.getPodAffinity();
    @Nullable PodAntiAffinity from = affinity == null ? null : affinity.getPodAntiAffinity();
    List<AffinityTerm> preferences = List.of();
    if (to != null || from != null) {
      preferences = new ArrayList<>();
      if (to != null) {
        preferences.addAll(
            AffinityTerm.preferred(
                to.getPreferredDuringSchedulingIgnoredDuringExecution(), namespace, 1));
      }
      if (from != null) {
        preferences.addAll(
            AffinityTerm.preferred(
                from.getPreferredDuringSchedulingIgnoredDuringExecution(), namespace, -1));
      }
    }
    Demand demand = Demand.of(pod);
    List<HostPort> ports = HostPort.of(pod);
    return new PodFacts(
        pod,
        demand,
        ports,
        claims(pod),
        AffinityTerm.required(
            to == null ? null : to.getRequiredDuringSchedulingIgnoredDuringExecution(), namespace),
        AffinityTerm.required(
            from == null ? null : from.getRequiredDuringSchedulingIgnoredDuringExecution(),
            namespace),
        preferences,
        pod.getSpec().getPriority() == null ? 0 : pod.getSpec().getPriority(),
        pod.getMetadata().getDeletionTimestamp() != null,
        started(pod),
        PodShape.of(pod, demand, ports));
  }

  private static Instant started(Pod pod) {
    String time = pod.getStatus() == null ? null : pod.getStatus().getStartTime();
    return time == null || time.isEmpty() ? Instant.MAX : Instant.parse(time);
  }

  /// A volume of the pod's own (`ephemeral`) is a claim named after both.
  private static List<String> claims(Pod pod) {
    List<String> claims = new ArrayList<>(0);
    for (Volume volume : pod.getSpec().getVolumes()) {
      @Nullable String name = claimName(pod, volume);
      if (name != null) {
        claims.add(pod.getMetadata().getNamespace() + "/" + name);
      }
    }
    return claims.isEmpty() ? List.of() : claims;
  }

  public static @Nullable String claimName(Pod pod, Volume volume) {
    if (volume.getPersistentVolumeClaim() != null) {
      return volume.getPersistentVolumeClaim().getClaimName();
    }
    return volume.getEphemeral() == null
        ? null
        : pod.getMetadata().getName() + "-" + volume.getName();
  }

  public String uid() {
    return pod.getMetadata().getUid();
  }

  public String name() {
    return pod.getMetadata().getName();
  }

  public String namespace() {
    String namespace = pod.getMetadata().getNamespace();
    return namespace == null ? "" : namespace;
  }

  public Map<String, String> labels() {
    Map<String, String> labels = pod.getMetadata().getLabels();
    return labels == null ? Map.of() : labels;
  }

  /// The node it has, or null.
  public @Nullable String node() {
    String node = pod.getSpec().getNodeName();
    return node == null || node.isEmpty() ? null : node;
  }

  /// The node that is being cleared for it, or null.
  public @Nullable String nominated() {
    String node = pod.getStatus() == null ? null : pod.getStatus().getNominatedNodeName();
    return node == null || node.isEmpty() ? null : node;
  }

  /// Whether another revision of it counts the same where it stands.
  boolean countsAs(PodFacts other) {
    return demand.equals(other.demand)
        && isLeaving == other.isLeaving
        && labels().equals(other.labels())
        && ports.equals(other.ports)
        && claims.equals(other.claims)
        && affinity.equals(other.affinity)
        && antiAffinity.equals(other.antiAffinity)
        && preferences.equals(other.preferences);
  }
}
