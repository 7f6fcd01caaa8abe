// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.pod.PodStatusOf.Ending;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import io.fabric8.kubernetes.api.model.AppArmorProfile;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Profiles of AppArmor, which nothing here gives to a container: who wants one does not run
/// without it.
///
/// @param switched the file in which the kernel says whether it has AppArmor
record AppArmor(Path switched) {
  static final AppArmor OF_MACHINE =
      new AppArmor(Path.of("/sys/module/apparmor/parameters/enabled"));

  /// How profiles were named before there was a field.
  private static final String OF_CONTAINER = "container.apparmor.security.beta.kubernetes.io/";

  /// Why a node does not take a pod, in the kubelet's words where the kernel is the reason. A
  /// kubelet does not ask for one that runs, which is confined then; here it would not be.
  Optional<Ending> refusal(Pod pod) {
    @Nullable PodSecurityContext whole = pod.getSpec().getSecurityContext();
    boolean isConfined =
        (whole != null && isConfining(whole.getAppArmorProfile()))
            || Stream.concat(
                    pod.getSpec().getInitContainers().stream(),
                    pod.getSpec().getContainers().stream())
                .anyMatch(AppArmor::isConfined)
            || isAnnotated(pod);
    return isConfined
        ? Optional.of(new Ending("AppArmor", "Cannot enforce AppArmor: " + why()))
        : Optional.empty();
  }

  /// Keeps a container that comes into a pod that runs from running unconfined.
  ///
  /// @throws StartException when it wants a profile
  void check(Container container) {
    if (isConfined(container)) {
      throw new StartException("CreateContainerError", "Cannot enforce AppArmor: " + why(), null);
    }
  }

  private static boolean isAnnotated(Pod pod) {
    return pod.getMetadata().getAnnotations() != null
        && pod.getMetadata().getAnnotations().entrySet().stream()
            .anyMatch(
                each ->
                    each.getKey().startsWith(OF_CONTAINER)
                        && !each.getValue().equals("unconfined"));
  }

  private static boolean isConfined(Container container) {
    return container.getSecurityContext() != null
        && isConfining(container.getSecurityContext().getAppArmorProfile());
  }

  private static boolean isConfining(@Nullable AppArmorProfile profile) {
    return profile != null && !"Unconfined".equals(profile.getType());
  }

  private String why() {
    try {
      boolean isOn = Files.exists(switched) && Files.readString(switched).startsWith("Y");
      return isOn
          ? "this node gives containers no profiles"
          : "AppArmor is not enabled on the host";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
