// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.configuration.AllowedSysctls;
import dev.havn.node.configuration.SysctlNames;
import dev.havn.node.kernel.KernelVersion;
import dev.havn.node.pod.PodStatusOf.Ending;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Sysctl;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Kernel parameters that pods may set: the safe ones, which touch no other pod, and those that the
/// node's configuration allows.
final class Sysctls {
  private static final KernelVersion ANY = new KernelVersion(0, 0);

  /// The first kernel in which each belongs to a pod's own namespace, where an older one is thought
  /// of at all.
  private static final Map<String, KernelVersion> SAFE =
      Map.ofEntries(
          Map.entry("kernel.shm_rmid_forced", ANY),
          Map.entry("net.ipv4.ip_local_port_range", ANY),
          Map.entry("net.ipv4.tcp_syncookies", ANY),
          Map.entry("net.ipv4.ping_group_range", ANY),
          Map.entry("net.ipv4.ip_unprivileged_port_start", ANY),
          Map.entry("net.ipv4.ip_local_reserved_ports", new KernelVersion(3, 16)),
          Map.entry("net.ipv4.tcp_keepalive_time", new KernelVersion(4, 5)),
          Map.entry("net.ipv4.tcp_keepalive_intvl", new KernelVersion(4, 5)),
          Map.entry("net.ipv4.tcp_keepalive_probes", new KernelVersion(4, 5)),
          Map.entry("net.ipv4.tcp_fin_timeout", new KernelVersion(4, 6)),
          Map.entry("net.ipv4.tcp_rmem", new KernelVersion(4, 15)),
          Map.entry("net.ipv4.tcp_wmem", new KernelVersion(4, 15)));

  private Sysctls() {}

  /// Why a pod may not set what it sets, in the kubelet's words. Pods that have begun are no
  /// exception: what is not allowed any more ends with the next start of the node.
  static Optional<Ending> refusal(Pod pod, AllowedSysctls allowed, KernelVersion kernel) {
    List<Sysctl> all =
        pod.getSpec().getSecurityContext() == null
            ? List.of()
            : pod.getSpec().getSecurityContext().getSysctls();
    return all.stream()
        .map(each -> SysctlNames.dotted(each.getName()))
        .flatMap(name -> refusal(name, pod, allowed, kernel).stream())
        .findFirst()
        .map(why -> new Ending("SysctlForbidden", "forbidden sysctl: " + why));
  }

  private static Optional<String> refusal(
      String name, Pod pod, AllowedSysctls allowed, KernelVersion kernel) {
    KernelVersion since = SAFE.get(name);
    boolean isSafe = since != null && kernel.isAtLeast(since.major(), since.minor());
    Optional<String> namespace =
        isSafe ? Optional.of(SysctlNames.namespace(name)) : allowed.namespace(name);
    if (namespace.isEmpty()) {
      return Optional.of("\"" + name + "\" not allowlisted");
    }
    boolean isOfMachine =
        namespace.get().equals(SysctlNames.NETWORK)
            ? Boolean.TRUE.equals(pod.getSpec().getHostNetwork())
            : Boolean.TRUE.equals(pod.getSpec().getHostIPC());
    return isOfMachine
        ? Optional.of("\"%s\" not allowed with host %s enabled".formatted(name, namespace.get()))
        : Optional.empty();
  }
}
