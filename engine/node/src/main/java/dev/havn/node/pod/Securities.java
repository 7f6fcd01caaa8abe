// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.runtime.ContainerRuntime.Security;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import io.fabric8.kubernetes.api.model.SeccompProfile;
import io.fabric8.kubernetes.api.model.SecurityContext;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a container may do: its own security context over that of its pod.
final class Securities {
  private final Path profiles;

  /// @param profiles folder of the seccomp profiles that pods name
  Securities(Path profiles) {
    this.profiles = profiles;
  }

  Security of(Pod pod, Container container) {
    PodSecurityContext whole =
        pod.getSpec().getSecurityContext() == null
            ? new PodSecurityContext()
            : pod.getSpec().getSecurityContext();
    SecurityContext own =
        container.getSecurityContext() == null
            ? new SecurityContext()
            : container.getSecurityContext();
    @Nullable Long user = first(own.getRunAsUser(), whole.getRunAsUser());
    boolean rootForbidden =
        Boolean.TRUE.equals(first(own.getRunAsNonRoot(), whole.getRunAsNonRoot()));
    if (rootForbidden && user != null && user == 0) {
      throw new StartException(
          "CreateContainerConfigError",
          "container's runAsUser breaks non-root policy (pod: \"%s_%s(%s)\", container: %s)"
              .formatted(
                  pod.getMetadata().getName(),
                  pod.getMetadata().getNamespace(),
                  pod.getMetadata().getUid(),
                  container.getName()),
          null);
    }
    List<Long> groups = new ArrayList<>(whole.getSupplementalGroups());
    if (whole.getFsGroup() != null) {
      groups.add(whole.getFsGroup());
    }
    boolean privileged = Boolean.TRUE.equals(own.getPrivileged());
    List<String> add = own.getCapabilities() == null ? List.of() : own.getCapabilities().getAdd();
    List<String> drop = own.getCapabilities() == null ? List.of() : own.getCapabilities().getDrop();
    return new Security(
        user == null ? "" : user.toString(),
        first(own.getRunAsGroup(), whole.getRunAsGroup()),
        groups,
        !"Strict".equals(whole.getSupplementalGroupsPolicy()),
        rootForbidden && user == null,
        privileged,
        Boolean.TRUE.equals(own.getReadOnlyRootFilesystem()),
        !Boolean.FALSE.equals(own.getAllowPrivilegeEscalation()),
        add,
        drop,
        seccomp(first(own.getSeccompProfile(), whole.getSeccompProfile())),
        !"Unmasked".equals(own.getProcMount()));
  }

  private static <T> @Nullable T first(@Nullable T own, @Nullable T whole) {
    return own == null ? whole : own;
  }

  private String seccomp(@Nullable SeccompProfile profile) {
    if (profile == null) {
      return "Unconfined";
    }
    return profile.getType().equals("Localhost")
        ? profiles.resolve(profile.getLocalhostProfile()).toString()
        : profile.getType();
  }
}
