// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.kernel.Mounts;
import dev.havn.node.protocol.registration.PluginInfo;
import dev.havn.node.rpc.UnixSockets;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PluginsTest {
  @TempDir private Path data;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final UnixSockets sockets = new UnixSockets(threads);
  private final Recorder recorder = new Recorder();
  private Instant now = Instant.EPOCH;
  private KubeletFolder folder;
  private Plugins plugins;

  private static final class Recorder implements PluginHandler {
    private final List<String> calls = new ArrayList<>();
    private final List<Plugin> seen = new ArrayList<>();
    private String refusal = "";

    @Override
    public String type() {
      return "CSIPlugin";
    }

    @Override
    public void check(Plugin plugin) throws PluginRefusedException {
      if (plugin.versions().isEmpty()) {
        throw new PluginRefusedException("no versions");
      }
    }

    @Override
    public void register(Plugin plugin) throws PluginRefusedException {
      if (!refusal.isEmpty()) {
        throw new PluginRefusedException(refusal);
      }
      seen.add(plugin);
      calls.add("register " + plugin.name());
    }

    @Override
    public void forget(Plugin plugin) {
      calls.add("forget " + plugin.name());
    }
  }

  @BeforeEach
  void begin() {
    folder = KubeletFolder.beside(data.resolve("pods"));
    plugins = new Plugins(folder, sockets, List.of(recorder), () -> now, Runnable::run);
  }

  @AfterEach
  void end() throws IOException {
    sockets.close();
    threads.shutdownNow();
    Mounts.detachBelow(data);
  }

  private TestPlugin plugin(String name, String type, String... versions) throws IOException {
    return new TestPlugin(
        sockets,
        folder.registry().resolve(name + "-reg.sock"),
        PluginInfo.newBuilder()
            .setType(type)
            .setName(name)
            .setEndpoint("/var/lib/kubelet/plugins/" + name + "/csi.sock")
            .addAllSupportedVersions(List.of(versions))
            .build());
  }

  @Test
  void aPluginIsHandedToWhoWorksWithItsTypeAndIsToldSo() throws IOException {
    plugins.look();
    assertThat(plugins.list()).isEmpty();
    try (TestPlugin plugin = plugin("disks", "CSIPlugin", "1.0.0")) {
      plugins.look();
      plugins.look();
      assertThat(recorder.calls).containsExactly("register disks");
      assertThat(recorder.seen.getFirst().socket())
          .isEqualTo(folder.plugins().resolve("disks/csi.sock"));
      assertThat(plugins.list()).extracting(Plugin::name).containsExactly("disks");
      assertThat(plugin.told())
          .singleElement()
          .satisfies(
              each -> {
                assertThat(each.getPluginRegistered()).isTrue();
                assertThat(each.getError()).isEmpty();
              });
    }
    plugins.look();
    assertThat(recorder.calls).containsExactly("register disks", "forget disks");
    assertThat(plugins.list()).isEmpty();
  }

  @Test
  void aPluginThatCameBackBetweenTwoLooksIsANewOne() throws IOException {
    TestPlugin first = plugin("disks", "CSIPlugin", "1.0.0");
    plugins.look();
    first.close();
    try (TestPlugin second = plugin("disks", "CSIPlugin", "1.0.0")) {
      plugins.look();
      assertThat(recorder.calls)
          .containsExactly("register disks", "forget disks", "register disks");
      assertThat(second.told()).hasSize(1);
    }
  }

  @Test
  void whoIsNotTakenIsToldWhyAndAskedAgainLaterAndLater() throws IOException {
    recorder.refusal = "no such node";
    try (TestPlugin strange = plugin("strange", "FlexPlugin", "1");
        TestPlugin silent = plugin("silent", "CSIPlugin");
        TestPlugin early = plugin("early", "CSIPlugin", "1")) {
      plugins.look();
      assertThat(strange.told().getFirst().getError())
          .isEqualTo(
              "RegisterPlugin error -- no handler registered for plugin type: FlexPlugin at socket "
                  + folder.registry().resolve("strange-reg.sock"));
      assertThat(silent.told().getFirst().getError())
          .isEqualTo("RegisterPlugin error -- plugin validation failed with err: no versions");
      assertThat(early.told().getFirst().getError())
          .isEqualTo("RegisterPlugin error -- plugin registration failed with err: no such node");
      assertThat(early.told().getFirst().getPluginRegistered()).isFalse();
      recorder.refusal = "";
      plugins.look();
      assertThat(recorder.calls).isEmpty();
      now = now.plus(Duration.ofMillis(500));
      plugins.look();
      assertThat(recorder.calls).containsExactly("register early");
      assertThat(silent.told()).hasSize(2);
      now = now.plus(Duration.ofMillis(999));
      plugins.look();
      assertThat(silent.told()).hasSize(2);
      now = now.plus(Duration.ofMillis(1));
      plugins.look();
      assertThat(silent.told()).hasSize(3);
    }
  }

  @Test
  void whatIsNoSocketOrHiddenIsLeftAlone() throws IOException {
    Files.createDirectories(folder.registry());
    Files.createFile(folder.registry().resolve("a-file"));
    try (TestPlugin hidden =
        new TestPlugin(
            sockets, folder.registry().resolve(".hidden"), PluginInfo.getDefaultInstance())) {
      plugins.look();
      assertThat(hidden.told()).isEmpty();
    }
    assertThat(recorder.calls).isEmpty();
  }

  @Test
  void theFolderHasTwoNamesAndAPluginHearsTheOneThatItUses() {
    Path real = folder.pods().resolve("uid/mount");
    assertThat(folder.real(Path.of("/var/lib/kubelet/pods/uid/mount"))).isEqualTo(real);
    assertThat(folder.real(Path.of("/var/lib/kubelet"))).isEqualTo(folder.path());
    assertThat(folder.real(Path.of("/var/lib/kubelets"))).isEqualTo(Path.of("/var/lib/kubelets"));
    assertThat(folder.named(real, Path.of("/var/lib/kubelet/plugins/disks/csi.sock")))
        .isEqualTo("/var/lib/kubelet/pods/uid/mount");
    assertThat(folder.named(real, folder.plugins().resolve("disks/csi.sock")))
        .isEqualTo(real.toString());
    assertThat(folder.named(Path.of("/data"), Path.of("/csi/csi.sock"))).isEqualTo("/data");
  }
}
