// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.havn.node.cni.Sandbox;
import dev.havn.node.runtime.ContainerRuntime.Access;
import dev.havn.node.runtime.ContainerRuntime.Mount;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Containers have the files of their pod mounted one by one.
class PodFilesTest {
  private static final Pod POD =
      GoldenPods.pod("{metadata: {name: p, namespace: default, uid: u}, spec: {containers: []}}");

  @TempDir private Path folder;

  @Test
  void filesAreLeftAloneUntilTheyChangeAndAreTheSameOnesThen() throws IOException {
    PodFiles files = new PodFiles(folder, "192.0.2.10", true);
    files.write(POD, List.of("192.0.2.111"), _ -> {});
    Path hosts = folder.resolve("u/etc/hosts");
    FileTime before = FileTime.from(Instant.parse("2026-01-01T00:00:00Z"));
    Object inode = Files.getAttribute(hosts, "unix:ino");
    Files.setLastModifiedTime(hosts, before);
    files.write(POD, List.of("192.0.2.111"), _ -> {});
    assertThat(Files.getLastModifiedTime(hosts)).isEqualTo(before);
    files.write(POD, List.of("192.0.2.1"), _ -> {});
    assertThat(hosts).content().contains("192.0.2.1\t").doesNotContain("192.0.2.111");
    assertThat(hosts).content().endsWith("\n").hasLineCount(lines());
    assertThat(Files.getAttribute(hosts, "unix:ino")).isEqualTo(inode);
  }

  /// It costs a container nothing: most of it is a hole.
  @Test
  void whatAContainerHasMadeLargerThanMemoryIsAsItWas() throws IOException {
    PodFiles files = new PodFiles(folder, "192.0.2.10", true);
    files.write(POD, List.of("192.0.2.1"), _ -> {});
    Path hosts = folder.resolve("u/etc/hosts");
    String before = Files.readString(hosts);
    try (RandomAccessFile file = new RandomAccessFile(hosts.toFile(), "rw")) {
      file.setLength(8L << 30);
    }
    files.write(POD, List.of("192.0.2.1"), _ -> {});
    assertThat(Files.size(hosts)).isEqualTo(before.length());
    assertThat(hosts).hasContent(before);
  }

  @Test
  void hostsNameThePodByEachOfItsAddresses() throws IOException {
    assertThat(PodFiles.hosts(POD, List.of("192.0.2.10", "fd00::a")))
        .containsPattern("(?m)^192\\.0\\.2\\.10\t\\S+\n^fd00::a\t\\S+\n");
  }

  private static String hostName(String name, String spec) {
    return PodFiles.hostName(
        GoldenPods.pod("{metadata: {name: " + name + ", namespace: default}, spec: " + spec + "}"));
  }

  @Test
  void aPodHasItsFullNameWhereItWantsIt() {
    assertThat(hostName("web", "{subdomain: sub, setHostnameAsFQDN: true}"))
        .isEqualTo("web.sub.default.svc.cluster.local");
    assertThat(hostName("web", "{subdomain: sub}")).isEqualTo("web");
    assertThat(hostName("web", "{setHostnameAsFQDN: true}")).isEqualTo("web");
    String longest = "w".repeat(64 - ".sub.default.svc.cluster.local".length());
    assertThat(hostName(longest, "{subdomain: sub, setHostnameAsFQDN: true}")).hasSize(64);
    assertThatThrownBy(() -> hostName(longest + "w", "{subdomain: sub, setHostnameAsFQDN: true}"))
        .hasMessage(
            "Failed to create pod sandbox: failed to construct FQDN from pod hostname and cluster domain, FQDN "
                + longest
                + "w.sub.default.svc.cluster.local is too long (64 characters is the max, 65 characters requested)");
  }

  private String nameServers(boolean isMachines, String spec) throws IOException {
    Path resolver = folder.resolve("resolv.conf");
    Files.writeString(resolver, "nameserver 127.0.0.53\nnameserver 192.0.2.53\n");
    PodFiles files = new PodFiles(folder, "192.0.2.10", isMachines, resolver);
    files.write(
        GoldenPods.pod("{metadata: {name: p, namespace: default, uid: u}, spec: " + spec + "}"),
        List.of("192.0.2.1"),
        _ -> {});
    return Files.readString(folder.resolve("u/etc/resolv.conf"))
        .lines()
        .filter(each -> each.startsWith("nameserver "))
        .map(each -> each.substring("nameserver ".length()))
        .collect(Collectors.joining(" "));
  }

  @Test
  void whatPluginsAreToldOfNamesIsWhatThePodReads() throws IOException {
    Path resolver = Files.writeString(folder.resolve("resolv.conf"), "search lan\noptions edns0\n");
    PodFiles files = new PodFiles(folder, "192.0.2.10", true, resolver);
    Pod pod =
        GoldenPods.pod(
            "{metadata: {name: p, namespace: shop, uid: u}, spec: {containers: [], dnsConfig: {options: [{name: timeout, value: '3'}, {name: rotate}]}}}");
    Sandbox.Dns dns = files.dns(pod);
    assertThat(dns)
        .isEqualTo(
            new Sandbox.Dns(
                List.of("192.0.2.10"),
                List.of("shop.svc.cluster.local", "svc.cluster.local", "cluster.local", "lan"),
                List.of("ndots:5", "timeout:3", "rotate")));
    files.write(pod, List.of("192.0.2.1"), _ -> {});
    assertThat(folder.resolve("u/etc/resolv.conf"))
        .hasContent(
            "nameserver 192.0.2.10\nsearch "
                + String.join(" ", dns.searches())
                + "\noptions ndots:5 timeout:3 rotate\n");
  }

  /// A server there is asked by the cluster's.
  @Test
  void aNetworkThatIsNotTheMachinesHasNotItsLoopback() throws IOException {
    String ofHost = "{hostNetwork: true, dnsPolicy: %s, containers: []}";
    assertThat(nameServers(true, ofHost.formatted("Default"))).isEqualTo("127.0.0.53 192.0.2.53");
    for (String policy : List.of("Default", "ClusterFirst")) {
      assertThat(nameServers(false, ofHost.formatted(policy))).isEqualTo("192.0.2.53 192.0.2.10");
    }
    String plain = "{dnsPolicy: Default, containers: []}";
    assertThat(nameServers(true, plain)).isEqualTo("192.0.2.53 192.0.2.10");
    assertThat(nameServers(false, ofHost.formatted("ClusterFirstWithHostNet")))
        .isEqualTo("192.0.2.10");
  }

  @Test
  void whatResolversDoNotReadIsLeftOutAndTold() throws IOException {
    Path resolver =
        Files.writeString(
            folder.resolve("resolv.conf"),
            "nameserver 192.0.2.4\nnameserver 192.0.2.5\nsearch " + "x".repeat(254) + " lan\n");
    PodFiles files = new PodFiles(folder, "192.0.2.10", true, resolver);
    Pod pod =
        GoldenPods.pod(
            "{metadata: {name: p, namespace: shop, uid: u}, spec: {containers: [], dnsPolicy: Default, dnsConfig: {nameservers: [192.0.2.6, 192.0.2.7]}}}");
    List<String> told = new ArrayList<>();
    files.write(pod, List.of("192.0.2.1"), told::add);
    assertThat(told)
        .containsExactly(
            "Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: 192.0.2.4 192.0.2.5 192.0.2.6",
            "Search Line limits were exceeded, some search paths have been omitted, the applied search line is: lan");
    assertThat(folder.resolve("u/etc/resolv.conf"))
        .hasContent(
            "nameserver 192.0.2.4\nnameserver 192.0.2.5\nnameserver 192.0.2.6\nsearch lan\n");
  }

  @Test
  void aSearchLineHas32DomainsAnd2048CharactersAtMost() {
    List<String> many = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      many.add("d" + i + "." + "x".repeat(i < 12 ? 200 : 1));
    }
    List<String> told = new ArrayList<>();
    assertThat(DnsLimits.fit(new Sandbox.Dns(List.of(), many, List.of()), told::add).searches())
        .isEqualTo(many.subList(0, 10));
    assertThat(told).hasSize(1);
    List<String> few = many.subList(12, 40);
    assertThat(DnsLimits.fit(new Sandbox.Dns(List.of(), few, List.of()), told::add).searches())
        .isEqualTo(few);
    assertThat(told).hasSize(1);
  }

  @Test
  void aReadOnlyRootHasAResolvConfThatIsReadOnly() throws IOException {
    PodFiles files = new PodFiles(folder, "192.0.2.10", true);
    files.write(POD, List.of("192.0.2.1"), _ -> {});
    for (boolean isReadOnly : List.of(true, false)) {
      Container container =
          GoldenPods.read(
              "{name: c, securityContext: {readOnlyRootFilesystem: %s}}".formatted(isReadOnly),
              Container.class);
      assertThat(files.mounts(POD, container))
          .extracting(Mount::target, Mount::access)
          .containsExactly(
              tuple("/etc/hosts", Access.WRITE),
              tuple("/etc/hostname", isReadOnly ? Access.READ : Access.WRITE),
              tuple("/etc/resolv.conf", isReadOnly ? Access.READ : Access.WRITE));
    }
  }

  private int lines() throws IOException {
    Path fresh = Files.createDirectory(folder.resolve("fresh"));
    new PodFiles(fresh, "192.0.2.10", true).write(POD, List.of("192.0.2.1"), _ -> {});
    return (int) Files.readString(fresh.resolve("u/etc/hosts")).lines().count();
  }
}
