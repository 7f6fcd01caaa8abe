// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.node.cni.Sandbox;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
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
    files.write(POD, List.of("192.0.2.111"));
    Path hosts = folder.resolve("u/etc/hosts");
    FileTime before = FileTime.from(Instant.parse("2026-01-01T00:00:00Z"));
    Object inode = Files.getAttribute(hosts, "unix:ino");
    Files.setLastModifiedTime(hosts, before);
    files.write(POD, List.of("192.0.2.111"));
    assertThat(Files.getLastModifiedTime(hosts)).isEqualTo(before);
    files.write(POD, List.of("192.0.2.1"));
    assertThat(hosts).content().contains("192.0.2.1\t").doesNotContain("192.0.2.111");
    assertThat(hosts).content().endsWith("\n").hasLineCount(lines());
    assertThat(Files.getAttribute(hosts, "unix:ino")).isEqualTo(inode);
  }

  /// It costs a container nothing: most of it is a hole.
  @Test
  void whatAContainerHasMadeLargerThanMemoryIsAsItWas() throws IOException {
    PodFiles files = new PodFiles(folder, "192.0.2.10", true);
    files.write(POD, List.of("192.0.2.1"));
    Path hosts = folder.resolve("u/etc/hosts");
    String before = Files.readString(hosts);
    try (RandomAccessFile file = new RandomAccessFile(hosts.toFile(), "rw")) {
      file.setLength(8L << 30);
    }
    files.write(POD, List.of("192.0.2.1"));
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
        List.of("192.0.2.1"));
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
    files.write(pod, List.of("192.0.2.1"));
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

  private int lines() throws IOException {
    Path fresh = Files.createDirectory(folder.resolve("fresh"));
    new PodFiles(fresh, "192.0.2.10", true).write(POD, List.of("192.0.2.1"));
    return (int) Files.readString(fresh.resolve("u/etc/hosts")).lines().count();
  }
}
