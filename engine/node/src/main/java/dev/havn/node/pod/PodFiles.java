// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.cni.Sandbox;
import dev.havn.node.runtime.ContainerRuntime.Mount;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.HostAlias;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodDNSConfig;
import io.fabric8.kubernetes.api.model.PodDNSConfigOption;
import io.fabric8.kubernetes.api.model.PodSpec;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The files by which a pod finds others: `/etc/hosts`, `/etc/hostname`, `/etc/resolv.conf`.
final class PodFiles {
  private static final String DOMAIN = "cluster.local";
  private static final int HOST_NAME_CHARS_MAX = 63;
  private static final int KERNEL_NAME_CHARS_MAX = 64;
  private static final Path HOSTS = Path.of("/etc/hosts");
  private static final Path RESOLV_CONF = Path.of("/etc/resolv.conf");

  private final Path folder;
  private final String dnsAddress;
  private final boolean isMachines;
  private final Path resolver;

  PodFiles(Path folder, String dnsAddress, boolean isMachines) {
    this(folder, dnsAddress, isMachines, RESOLV_CONF);
  }

  /// @param folder of all pods
  /// @param dnsAddress of the cluster's DNS server, empty when there is none
  /// @param isMachines whether the node's network is the machine's
  /// @param resolver the machine's `resolv.conf`
  PodFiles(Path folder, String dnsAddress, boolean isMachines, Path resolver) {
    this.folder = folder;
    this.dnsAddress = dnsAddress;
    this.isMachines = isMachines;
    this.resolver = resolver;
  }

  /// What `hostname` prints in the pod.
  static String hostName(Pod pod) {
    PodSpec spec = pod.getSpec();
    String full = fullName(pod);
    if (Boolean.TRUE.equals(spec.getSetHostnameAsFQDN()) && !full.isEmpty()) {
      if (full.length() > KERNEL_NAME_CHARS_MAX) {
        throw new StartException(
            "FailedCreatePodSandBox",
            "Failed to create pod sandbox: failed to construct FQDN from pod hostname and cluster domain, FQDN %s is too long (%d characters is the max, %d characters requested)"
                .formatted(full, KERNEL_NAME_CHARS_MAX, full.length()),
            null);
      }
      return full;
    }
    String name = shortName(pod);
    String cut = name.substring(0, Math.min(HOST_NAME_CHARS_MAX, name.length()));
    return cut.replaceAll("[-.]+$", "");
  }

  /// The name in the domain of the pod's subdomain, empty when it has none.
  private static String fullName(Pod pod) {
    String subdomain = or(pod.getSpec().getSubdomain(), "");
    String name = shortName(pod);
    boolean isOverridden = !or(pod.getSpec().getHostnameOverride(), "").isEmpty();
    return subdomain.isEmpty() || isOverridden
        ? ""
        : String.join(".", name, subdomain, pod.getMetadata().getNamespace(), "svc", DOMAIN);
  }

  private static String shortName(Pod pod) {
    PodSpec spec = pod.getSpec();
    String given = or(spec.getHostname(), pod.getMetadata().getName());
    return or(spec.getHostnameOverride(), given);
  }

  private static String or(@Nullable String text, String otherwise) {
    return text == null || text.isEmpty() ? otherwise : text;
  }

  private static boolean onHostNetwork(Pod pod) {
    return Boolean.TRUE.equals(pod.getSpec().getHostNetwork());
  }

  /// Writes the files of a pod that has its addresses.
  ///
  /// @param problem is told what of its name servers and domains was left out
  void write(Pod pod, List<String> addresses, Consumer<String> problem) throws IOException {
    Path here = Files.createDirectories(here(pod));
    write(here.resolve("hosts"), hosts(pod, addresses));
    write(here.resolve("resolv.conf"), resolvConf(DnsLimits.fit(wished(pod), problem)));
    if (!onHostNetwork(pod)) {
      write(here.resolve("hostname"), hostName(pod) + "\n");
    }
  }

  /// Containers have the file itself: it is the same one afterwards and never empty, also when the
  /// disk takes no more.
  private static void write(Path path, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (Files.exists(path) && holds(path, bytes)) {
      return;
    }
    try (FileChannel file =
        FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      ByteBuffer left = ByteBuffer.wrap(bytes);
      while (left.hasRemaining()) {
        int unused = file.write(left);
      }
      FileChannel unused = file.truncate(bytes.length);
    }
  }

  /// Containers write to it, too, and may make it as large as they like.
  private static boolean holds(Path path, byte[] bytes) throws IOException {
    try (InputStream in = Files.newInputStream(path)) {
      return Arrays.equals(bytes, in.readNBytes(bytes.length + 1));
    }
  }

  private Path here(Pod pod) {
    return folder.resolve(pod.getMetadata().getUid()).resolve("etc");
  }

  /// The files as mounts of a container, but for those it brings itself.
  List<Mount> mounts(Pod pod, Container container) {
    List<Mount> mounts = new ArrayList<>();
    boolean isReadOnly =
        container.getSecurityContext() != null
            && Boolean.TRUE.equals(container.getSecurityContext().getReadOnlyRootFilesystem());
    for (String file : List.of("hosts", "hostname", "resolv.conf")) {
      Path source = here(pod).resolve(file);
      boolean own =
          container.getVolumeMounts().stream()
              .anyMatch(each -> each.getMountPath().equals("/etc/" + file));
      if (!own && Files.exists(source)) {
        // The one file that a kubelet makes itself, and leaves writable, is `hosts`.
        mounts.add(new Mount(source, "/etc/" + file, isReadOnly && !file.equals("hosts")));
      }
    }
    return mounts;
  }

  static String hosts(Pod pod, List<String> addresses) throws IOException {
    StringBuilder text = new StringBuilder();
    if (onHostNetwork(pod)) {
      text.append("# Kubernetes-managed hosts file (host network).\n");
      text.append(Files.exists(HOSTS) ? Files.readString(HOSTS) : "127.0.0.1\tlocalhost\n");
    } else {
      text.append("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n");
      text.append("::1\tlocalhost ip6-localhost ip6-loopback\n");
      text.append("fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\n");
      text.append("fe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n");
      String name = shortName(pod);
      String full = fullName(pod);
      for (String address : addresses) {
        text.append(address).append('\t').append(full.isEmpty() ? "" : full + "\t");
        text.append(name).append('\n');
      }
    }
    List<HostAlias> aliases = pod.getSpec().getHostAliases();
    if (!aliases.isEmpty()) {
      text.append("\n# Entries added by HostAliases.\n");
      for (HostAlias alias : aliases) {
        text.append(alias.getIp()).append('\t').append(String.join("\t", alias.getHostnames()));
        text.append('\n');
      }
    }
    return text.toString();
  }

  private static String resolvConf(Sandbox.Dns dns) {
    StringBuilder text = new StringBuilder();
    dns.servers().forEach(server -> text.append("nameserver ").append(server).append('\n'));
    if (!dns.searches().isEmpty()) {
      text.append("search ").append(String.join(" ", dns.searches())).append('\n');
    }
    if (!dns.options().isEmpty()) {
      text.append("options ").append(String.join(" ", dns.options())).append('\n');
    }
    return text.toString();
  }

  /// What a pod's `resolv.conf` says.
  Sandbox.Dns dns(Pod pod) throws IOException {
    return DnsLimits.fit(wished(pod), _ -> {});
  }

  private Sandbox.Dns wished(Pod pod) throws IOException {
    String policy = or(pod.getSpec().getDnsPolicy(), "ClusterFirst");
    boolean cluster =
        policy.equals("ClusterFirstWithHostNet")
            || (policy.equals("ClusterFirst") && !onHostNetwork(pod));
    Set<String> servers = new LinkedHashSet<>();
    Set<String> searches = new LinkedHashSet<>();
    Map<String, String> options = new LinkedHashMap<>();
    if (cluster) {
      if (!dnsAddress.isEmpty()) {
        servers.add(dnsAddress);
      }
      String namespace = pod.getMetadata().getNamespace();
      searches.add(namespace + ".svc." + DOMAIN);
      searches.add("svc." + DOMAIN);
      searches.add(DOMAIN);
      options.put("ndots", "5");
    }
    if (!policy.equals("None")) {
      ofHost(cluster, servers, searches, options);
      boolean isElsewhere = !(isMachines && onHostNetwork(pod)) && !dnsAddress.isEmpty();
      if (isElsewhere && servers.removeIf(PodFiles::isLoopback)) {
        // The machine's loopback is not the pod's; the cluster's server asks there in its place.
        servers.add(dnsAddress);
      }
    }
    @Nullable PodDNSConfig config = pod.getSpec().getDnsConfig();
    if (config != null) {
      servers.addAll(config.getNameservers());
      searches.addAll(config.getSearches());
      for (PodDNSConfigOption option : config.getOptions()) {
        options.put(option.getName(), or(option.getValue(), ""));
      }
    }
    List<String> all = new ArrayList<>();
    options.forEach((name, value) -> all.add(value.isEmpty() ? name : name + ":" + value));
    return new Sandbox.Dns(List.copyOf(servers), List.copyOf(searches), all);
  }

  private static boolean isLoopback(String server) {
    return server.startsWith("127.") || server.equals("::1");
  }

  /// What the node itself uses: its search domains always, its servers where there are no others.
  private void ofHost(
      boolean cluster, Set<String> servers, Set<String> searches, Map<String, String> options)
      throws IOException {
    if (!Files.exists(resolver)) {
      return;
    }
    for (String line : Files.readAllLines(resolver)) {
      String[] words = line.strip().split("\\s+");
      List<String> values = List.of(words).subList(1, words.length);
      switch (words[0]) {
        case "nameserver" -> {
          if (!cluster) {
            servers.addAll(values);
          }
        }
        case "search" -> searches.addAll(values);
        case "options" -> {
          if (!cluster) {
            values.forEach(
                each -> {
                  String[] parts = each.split(":", 2);
                  options.put(parts[0], parts.length > 1 ? parts[1] : "");
                });
          }
        }
        default -> {
          continue;
        }
      }
    }
  }
}
