// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.csi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.csi.CsiVolumes.State;
import dev.havn.node.kernel.Mounts;
import dev.havn.node.plugin.KubeletFolder;
import dev.havn.node.plugin.Plugins;
import dev.havn.node.plugin.TestPlugin;
import dev.havn.node.pod.GoldenPods;
import dev.havn.node.protocol.registration.PluginInfo;
import dev.havn.node.rpc.UnixSockets;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/// A node, a driver and a table of objects: each step of their conversation at once (the node's
/// executor does what it is given).
class CsiStage {
  static final String DRIVER = "/apis/storage.k8s.io/v1/csidrivers/" + TestDriver.NAME;
  static final String NODE = "/api/v1/nodes/rock";
  static final String CLAIM = "/api/v1/namespaces/shop/persistentvolumeclaims/data";

  @TempDir private Path data;
  final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  final UnixSockets sockets = new UnixSockets(threads);
  final TableCsiApi api =
      new TableCsiApi().with(NODE, "{metadata: {name: rock, uid: n1, labels: {}}}");
  final List<String> events = new ArrayList<>();
  Instant now = Instant.parse("2026-01-01T00:00:00Z");
  KubeletFolder folder;
  CsiVolumes volumes;
  Plugins plugins;
  TestDriver driver;
  TestPlugin plugin;

  @BeforeEach
  void begin() throws IOException {
    folder = KubeletFolder.beside(data.resolve("pods"));
    driver = new TestDriver(sockets, folder.plugins().resolve("disks/csi.sock"));
    restart();
    register();
  }

  @AfterEach
  void end() throws IOException {
    plugin.close();
    driver.close();
    sockets.close();
    threads.shutdownNow();
    Mounts.detachBelow(data);
  }

  /// What is in memory is forgotten.
  void restart() {
    volumes =
        new CsiVolumes(
            new CsiVolumes.Settings(
                "rock",
                folder,
                api,
                (about, type, reason, message) ->
                    events.add(about.getKind() + " " + type + " " + reason + " " + message),
                sockets,
                (pod, audience, seconds) ->
                    new PodTokens.Token("token for " + audience, "2026-01-01T00:00:00Z"),
                Duration.ofSeconds(2),
                pod -> {},
                () -> now,
                Runnable::run));
    plugins =
        new Plugins(
            folder, sockets, List.of(volumes.handler()), () -> Instant.EPOCH, Runnable::run);
  }

  void register() throws IOException {
    plugin =
        new TestPlugin(
            sockets,
            folder.registry().resolve("disks-reg.sock"),
            PluginInfo.newBuilder()
                .setType("CSIPlugin")
                .setName(TestDriver.NAME)
                .setEndpoint(folder.plugins().resolve("disks/csi.sock").toString())
                .addSupportedVersions("1.0.0")
                .build());
    plugins.look();
  }

  void withoutAttach(String more) {
    api.with(DRIVER, "{spec: {attachRequired: false, " + more + "}}");
  }

  static Pod pod(String name) {
    return GoldenPods.pod(
        "{metadata: {name: %s, namespace: shop, uid: u-%s}, spec: {serviceAccountName: seller}}"
            .formatted(name, name));
  }

  static CsiVolume disk(String more) {
    return CsiVolume.of(
        "pv1",
        GoldenPods.tree(
            """
            accessModes: [ReadWriteOnce]
            mountOptions: [noatime]
            claimRef: {namespace: shop, name: data}
            csi:
              driver: disks.example
              volumeHandle: disk-1
              fsType: ext4
              volumeAttributes: {pool: fast}
            %s
            """
                .formatted(more)),
        false);
  }

  static CsiVolume inline(Pod pod) {
    return CsiVolume.of(
        pod,
        GoldenPods.read(
            "{name: cache, csi: {driver: disks.example, volumeAttributes: {size: '1'}}}",
            io.fabric8.kubernetes.api.model.Volume.class));
  }

  List<String> inUse() {
    List<String> names = new ArrayList<>();
    api.get(NODE).path("status").path("volumesInUse").forEach(each -> names.add(each.asText()));
    return names;
  }

  void later() {
    now = now.plus(Duration.ofSeconds(30));
  }

  State.There there(Pod pod, CsiVolume volume) {
    State state = volumes.want(pod, volume);
    assertThat(state).isInstanceOf(State.There.class);
    return (State.There) state;
  }

  void gone(Pod pod) {
    String uid = pod.getMetadata().getUid();
    if (!volumes.remove(uid, pod)) {
      assertThat(volumes.remove(uid, pod)).isTrue();
    }
  }
}
