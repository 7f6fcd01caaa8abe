// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.ContainerRuntime.ContainerSpec;
import dev.havn.node.runtime.ContainerRuntime.Mount;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.SecurityContext;
import io.fabric8.kubernetes.api.model.VolumeMount;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Container specs of the API as those of the runtime: environment, mounts, security, resources.
public final class Containers {
  private static final long CPU_PERIOD_MICROS = 100_000;
  private static final long SHARES_PER_CPU = 1_024;
  private static final long SHARES_MIN = 2;

  private final ContainerRuntime runtime;
  private final Volumes volumes;
  private final Environment environment;
  private final Predicate<String> hasImage;

  /// @param hasImage whether an image of this name is loaded
  public Containers(
      ContainerRuntime runtime,
      Path podsFolder,
      Api api,
      String hostAddress,
      Predicate<String> hasImage) {
    this.runtime = runtime;
    this.volumes = new Volumes(podsFolder, api);
    this.environment = new Environment(api, hostAddress);
    this.hasImage = hasImage;
  }

  /// Makes the pod's volumes, or brings them up to date.
  void prepare(Pod pod) {
    if (runtime.needsImages()) {
      volumes.prepare(pod);
    }
  }

  void remove(String uid) {
    if (runtime.needsImages()) {
      volumes.remove(uid);
    }
  }

  /// How long a container that is asked to stop has.
  Duration preStop(Pod pod, ContainerRuntime.Container container, Duration grace, boolean first) {
    for (Container each : pod.getSpec().getContainers()) {
      boolean hooked =
          each.getName().equals(container.name())
              && each.getLifecycle() != null
              && each.getLifecycle().getPreStop() != null
              && each.getLifecycle().getPreStop().getExec() != null;
      if (hooked && first) {
        runtime.exec(
            pod.getMetadata().getUid(),
            container.id(),
            each.getLifecycle().getPreStop().getExec().getCommand(),
            false,
            new ContainerRuntime.Streams(null, null, null, _ -> {}, _ -> {}),
            grace.isZero() ? Duration.ofSeconds(1) : grace);
      }
    }
    return grace;
  }

  /// @throws StartException in the kubelet's words
  ContainerSpec spec(Pod pod, Container container, int attempt, String address) {
    checkImage(container);
    Map<String, String> variables =
        runtime.needsImages() ? environment.of(pod, container, address) : Map.of();
    return new ContainerSpec(
        container.getName(),
        attempt,
        container.getImage(),
        expand(container.getCommand(), variables),
        expand(container.getArgs(), variables),
        variables,
        container.getWorkingDir() == null ? "" : container.getWorkingDir(),
        runtime.needsImages() ? mounts(pod, container, variables) : List.of(),
        security(pod, container),
        resources(container),
        Boolean.TRUE.equals(container.getTty()),
        Boolean.TRUE.equals(container.getStdin()));
  }

  private void checkImage(Container container) {
    if (!runtime.needsImages() || hasImage.test(container.getImage())) {
      return;
    }
    if ("Never".equals(container.getImagePullPolicy())) {
      throw new StartException(
          "ErrImageNeverPull",
          "Container image \"%s\" is not present with pull policy of Never"
              .formatted(container.getImage()),
          null);
    }
    throw new StartException(
        "ErrImagePull",
        ("failed to pull and unpack image \"%s\": there is no registry here; load it with `havn image"
                + " load FILE.tar`")
            .formatted(container.getImage()),
        null);
  }

  private static List<String> expand(List<String> words, Map<String, String> variables) {
    return words.stream().map(word -> Environment.expand(word, variables)).toList();
  }

  private List<Mount> mounts(Pod pod, Container container, Map<String, String> variables) {
    List<Mount> mounts = new ArrayList<>();
    for (VolumeMount mount : container.getVolumeMounts()) {
      Path source = volumes.path(pod, mount.getName());
      @Nullable String below = mount.getSubPath();
      if (mount.getSubPathExpr() != null && !mount.getSubPathExpr().isEmpty()) {
        below = Environment.expand(mount.getSubPathExpr(), variables);
      }
      if (below != null && !below.isEmpty()) {
        source = volumes.below(source, below);
      }
      mounts.add(new Mount(source, mount.getMountPath(), Boolean.TRUE.equals(mount.getReadOnly())));
    }
    return mounts;
  }

  private static ContainerRuntime.Security security(Pod pod, Container container) {
    PodSecurityContext whole =
        pod.getSpec().getSecurityContext() == null
            ? new PodSecurityContext()
            : pod.getSpec().getSecurityContext();
    SecurityContext own =
        container.getSecurityContext() == null
            ? new SecurityContext()
            : container.getSecurityContext();
    @Nullable Long user = own.getRunAsUser() == null ? whole.getRunAsUser() : own.getRunAsUser();
    @Nullable Long group =
        own.getRunAsGroup() == null ? whole.getRunAsGroup() : own.getRunAsGroup();
    List<Long> more = new ArrayList<>(whole.getSupplementalGroups());
    if (whole.getFsGroup() != null) {
      more.add(whole.getFsGroup());
    }
    boolean rootForbidden =
        Boolean.TRUE.equals(
            own.getRunAsNonRoot() == null ? whole.getRunAsNonRoot() : own.getRunAsNonRoot());
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
    List<String> add = own.getCapabilities() == null ? List.of() : own.getCapabilities().getAdd();
    List<String> drop = own.getCapabilities() == null ? List.of() : own.getCapabilities().getDrop();
    return new ContainerRuntime.Security(
        user == null ? "" : user.toString(),
        group,
        more,
        Boolean.TRUE.equals(own.getPrivileged()),
        Boolean.TRUE.equals(own.getReadOnlyRootFilesystem()),
        !Boolean.FALSE.equals(own.getAllowPrivilegeEscalation()),
        add,
        drop);
  }

  private static ContainerRuntime.Resources resources(Container container) {
    if (container.getResources() == null) {
      return new ContainerRuntime.Resources(SHARES_MIN, 0, 0);
    }
    BigDecimal requested = amount(container.getResources().getRequests(), "cpu");
    BigDecimal limit = amount(container.getResources().getLimits(), "cpu");
    BigDecimal memory = amount(container.getResources().getLimits(), "memory");
    long shares = requested.multiply(BigDecimal.valueOf(SHARES_PER_CPU)).longValue();
    return new ContainerRuntime.Resources(
        Math.max(SHARES_MIN, shares),
        limit.multiply(BigDecimal.valueOf(CPU_PERIOD_MICROS)).longValue(),
        memory.longValue());
  }

  private static BigDecimal amount(@Nullable Map<String, Quantity> amounts, String name) {
    @Nullable Quantity quantity = amounts == null ? null : amounts.get(name);
    return quantity == null ? BigDecimal.ZERO : Quantity.getAmountInBytes(quantity);
  }
}
