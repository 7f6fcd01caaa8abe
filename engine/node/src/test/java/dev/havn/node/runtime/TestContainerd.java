// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.cri.CriClient;
import dev.havn.node.image.TestImages;
import dev.havn.node.kernel.Mounts;
import dev.havn.node.kernel.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// A containerd of a test, with folders, a socket and networks of its own.
final class TestContainerd implements AutoCloseable {
  private static final Path PLUGINS = Path.of("/usr/lib/cni");

  private final Path folder;
  private @Nullable Process process;

  private TestContainerd(Path folder) {
    this.folder = folder;
  }

  /// Why there can be none here; empty when there can.
  static String missing() {
    if (!"root".equals(System.getProperty("user.name"))) {
      return "needs root";
    }
    List<String> programs = Program.missing(List.of("containerd", "ctr", "runc"));
    if (!programs.isEmpty()) {
      return "needs " + programs;
    }
    return Files.isExecutable(PLUGINS.resolve("bridge"))
        ? TestImages.missing()
        : "needs CNI's plugins in " + PLUGINS;
  }

  /// Starts one that has busybox and what pods need.
  static TestContainerd start(Path folder) throws IOException {
    TestContainerd containerd = new TestContainerd(folder);
    Files.createDirectories(containerd.networks());
    Files.writeString(folder.resolve("config.toml"), containerd.configuration());
    containerd.run();
    for (Path each :
        List.of(TestImages.busybox(folder), TestImages.pause(folder), TestImages.volumes(folder))) {
      Program.must(
          List.of(
              "ctr",
              "--address",
              containerd.socket().toString(),
              "--namespace",
              "k8s.io",
              "images",
              "import",
              each.toString()));
    }
    return containerd;
  }

  private String configuration() {
    return """
        version = 2
        root = "%1$s/root"
        state = "%1$s/state"
        disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
        [grpc]
          address = "%2$s"
        [plugins."io.containerd.internal.v1.opt"]
          path = "%1$s/opt"
        [plugins."io.containerd.grpc.v1.cri"]
          sandbox_image = "%3$s"
          stream_server_address = "127.0.0.1"
          stream_server_port = "0"
          restrict_oom_score_adj = true
        [plugins."io.containerd.grpc.v1.cri".cni]
          bin_dir = "%4$s"
          conf_dir = "%5$s"
        """
        .formatted(folder, socket(), TestImages.PAUSE, PLUGINS, networks());
  }

  /// Runs it until it is ended. Its containers do not end with it.
  void run() throws IOException {
    process =
        Program.builder(List.of("containerd", "--config", folder.resolve("config.toml").toString()))
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("log").toFile())
            .start();
    TestPods.await(this::answers, each -> each);
  }

  private boolean answers() {
    try (CriClient client = CriClient.connect(socket(), Runnable::run)) {
      return !client.version().isEmpty();
    } catch (IOException notYet) {
      return false;
    }
  }

  void end() throws IOException {
    Process running = process;
    if (running == null) {
      return;
    }
    running.destroy();
    try {
      if (!running.waitFor(10, TimeUnit.SECONDS)) {
        running.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
    Files.deleteIfExists(socket());
  }

  Path socket() {
    return folder.resolve("containerd.sock");
  }

  Path networks() {
    return folder.resolve("networks");
  }

  @Override
  public void close() throws IOException {
    end();
    Mounts.detachBelow(folder);
  }
}
