// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.runtime.ContainerRuntime.Feature;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.SeccompProfile;
import io.fabric8.kubernetes.api.model.SecurityContext;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What a pod, or a container that comes into it later, asks for and runs without, since its
/// runtime has no means for it. Most pods ask for some of it, those of other people's charts for
/// all; so they run, and are told.
final class Unenforced {
  static final String REASON = "NotEnforced";

  private Unenforced() {}

  /// What a node says of it, empty when the runtime keeps all that a pod asks for.
  ///
  /// @param runtime its name
  static Optional<String> of(Pod pod, Set<Feature> features, String runtime) {
    Set<String> fields = new LinkedHashSet<>();
    if (!features.contains(Feature.SHARED_PROCESSES)
        && Boolean.TRUE.equals(pod.getSpec().getShareProcessNamespace())) {
      fields.add("shareProcessNamespace");
    }
    @Nullable PodSecurityContext whole = pod.getSpec().getSecurityContext();
    if (whole != null) {
      if (!features.contains(Feature.POD_ADDRESSES) && !whole.getSysctls().isEmpty()) {
        fields.add("sysctls");
      }
      if (!features.contains(Feature.HARDENING) && isUsual(whole.getSeccompProfile())) {
        fields.add("seccompProfile");
      }
    }
    addLimits(fields, pod.getSpec().getResources(), features);
    containers(pod).forEach(each -> add(fields, each, features));
    return message(fields, runtime);
  }

  /// The same of a container that comes into a pod which runs.
  static Optional<String> of(Container ephemeral, Set<Feature> features, String runtime) {
    Set<String> fields = new LinkedHashSet<>();
    add(fields, ephemeral, features);
    return message(fields, runtime);
  }

  private static Optional<String> message(Set<String> fields, String runtime) {
    return fields.isEmpty()
        ? Optional.empty()
        : Optional.of(
            "The runtime %s does not enforce: %s".formatted(runtime, String.join(", ", fields)));
  }

  private static Stream<Container> containers(Pod pod) {
    return Stream.concat(
        pod.getSpec().getInitContainers().stream(), pod.getSpec().getContainers().stream());
  }

  private static void add(Set<String> fields, Container container, Set<Feature> features) {
    @Nullable SecurityContext own = container.getSecurityContext();
    if (!features.contains(Feature.HARDENING) && own != null) {
      if (own.getCapabilities() != null
          && !(own.getCapabilities().getAdd().isEmpty()
              && own.getCapabilities().getDrop().isEmpty())) {
        fields.add("capabilities");
      }
      if (isUsual(own.getSeccompProfile())) {
        fields.add("seccompProfile");
      }
    }
    addLimits(fields, container.getResources(), features);
  }

  private static void addLimits(
      Set<String> fields, @Nullable ResourceRequirements resources, Set<Feature> features) {
    if (!features.contains(Feature.LIMITS) && resources != null) {
      @Nullable Map<String, ?> limits = resources.getLimits();
      List.of("cpu", "memory").stream()
          .filter(each -> limits != null && limits.containsKey(each))
          .forEach(each -> fields.add("limits." + each));
    }
  }

  /// A profile of its own is no thing to run without: such containers do not start.
  private static boolean isUsual(@Nullable SeccompProfile profile) {
    return profile != null && "RuntimeDefault".equals(profile.getType());
  }
}
