// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A server of real containers that programs alone speak to (kubectl, curl), on the machine's
/// network or in a network namespace of its own.
final class KubectlCluster {
  /// What it is made of, CNI's plugins aside.
  static final List<String> PROGRAMS =
      List.of("runc", "conmon", "nft", "ip", "nsenter", "kubectl", "curl");

  private static final Duration SHORT = Duration.ofSeconds(60);

  private final Path folder;
  private final String space;
  private @Nullable Process server;

  private KubectlCluster(Path folder, String space) {
    this.folder = folder;
    this.space = space;
  }

  /// On the machine's network.
  static KubectlCluster in(Path folder) {
    return new KubectlCluster(folder, "");
  }

  /// In a network namespace that has a loopback and nothing else.
  static KubectlCluster apart(Path folder, String space) {
    KubectlCluster cluster = new KubectlCluster(folder, space);
    cluster.removeSpace();
    Command.run(Map.of(), List.of("ip", "netns", "add", space)).succeeded();
    cluster.run("ip", "link", "set", "lo", "up").succeeded();
    return cluster;
  }

  /// @param configuration the text of a `--config` file
  void start(String configuration) throws IOException {
    Path file = Files.writeString(folder.resolve("havn.yaml"), configuration);
    Path said = Files.createTempFile(folder, "server", ".out");
    List<String> up = HavnProcess.upCommand(data(), kubeconfig(), "--config", file.toString());
    Process started = Command.start(Map.of(), within(up), said);
    server = started;
    HavnProcess.await(
        "a server: " + said, () -> !started.isAlive() || text(said).contains("Havn is up"));
    assertThat(started.isAlive()).as(text(said)).isTrue();
  }

  /// Ends the server, and nothing that it started.
  void kill() {
    if (server != null) {
      server.destroyForcibly();
      server.onExit().join();
    }
  }

  /// Ends all of it, if it was started.
  ///
  /// @return whether it was
  boolean reset() {
    if (server == null) {
      return false;
    }
    kill();
    havn("reset", "--yes").succeeded();
    return true;
  }

  void removeSpace() {
    if (!space.isEmpty() && Files.exists(Path.of("/run/netns", space))) {
      Command.run(Map.of(), List.of("ip", "netns", "delete", space)).succeeded();
    }
  }

  Path data() {
    return folder.resolve("server");
  }

  private Path kubeconfig() {
    return folder.resolve("kubeconfig");
  }

  String id() throws IOException {
    return Files.readString(data().resolve("cluster-id")).strip();
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private List<String> within(List<String> command) {
    List<String> whole = new ArrayList<>();
    if (!space.isEmpty()) {
      whole.addAll(List.of("nsenter", "--net=/run/netns/" + space));
    }
    whole.addAll(command);
    return whole;
  }

  /// Runs a program where the server is.
  Command.Result run(String... command) {
    return Command.run(Map.of(), within(List.of(command)), SHORT);
  }

  Command.Result havn(String... words) {
    return Command.run(Map.of(), within(HavnProcess.command(data(), words)), SHORT);
  }

  Command.Result kubectl(String... words) {
    List<String> command =
        new ArrayList<>(List.of("kubectl", "--kubeconfig", kubeconfig().toString()));
    command.addAll(List.of(words));
    return Kubectl.heard(() -> Command.run(Map.of(), within(command), SHORT));
  }

  /// @param path as JSONPath, without braces
  String get(String what, String path) {
    return kubectl("get", what, "-o", "jsonpath={" + path + "}").succeeded();
  }

  /// The same where there may be several.
  List<String> all(String what, String path) {
    return List.of(get(what, path).split(" "));
  }

  /// @return the file that the text is in now
  Path apply(String name, String yaml) throws IOException {
    Path file = Files.writeString(folder.resolve(name + ".yaml"), yaml);
    kubectl("apply", "-f", file.toString()).succeeded();
    return file;
  }

  void delete(Path file) {
    kubectl("delete", "-f", file.toString()).succeeded();
  }

  void awaitReady(String pod) {
    kubectl("wait", "--for=condition=Ready", "pod/" + pod, "--timeout=50s").succeeded();
  }

  /// `example/web:1`, with a static busybox.
  void loadImage() throws IOException {
    Optional<Path> busybox = WebImage.busybox(folder);
    Skip.unless(busybox.isPresent(), "no static busybox to make an image from");
    Path image =
        WebImage.of(busybox.get(), "web").dockerArchive(folder.resolve("web.tar"), "example/web:1");
    havn("image", "load", image.toString()).succeeded();
  }

  /// What a pod gets from `http://TARGET`, or what keeps it from that.
  String asks(String pod, String target) {
    return kubectl("exec", pod, "--", "busybox", "timeout", "5", "wget", "-qO-", "http://" + target)
        .output();
  }

  /// Asks again until a pod gets that: what leads there comes a little after the pod is Ready.
  void reaches(String pod, String target, String words) {
    HavnProcess.await(
        pod + " to get '" + words + "' from " + target, () -> asks(pod, target).contains(words));
  }

  /// The same from the machine.
  void machineReaches(String target, String words) {
    HavnProcess.await("'" + words + "' from " + target, () -> machineAsks(target).contains(words));
  }

  String machineAsks(String target) {
    return run("curl", "-s", "-m", "5", "http://" + target).output();
  }
}
