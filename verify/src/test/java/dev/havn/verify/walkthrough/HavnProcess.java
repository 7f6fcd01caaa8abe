// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/// A command of Havn in a process of its own, on the class path of the tests.
final class HavnProcess {
  private static final Duration WITHIN = Duration.ofSeconds(120);
  private static final long LOOK_EVERY_NANOS = 100_000_000;

  private final Path data;
  private final Path kubeconfig;
  private final Path output;
  private final List<String> command;
  private Process process;

  private HavnProcess(Path data, Path kubeconfig, List<String> command) throws IOException {
    this.data = data;
    this.kubeconfig = kubeconfig;
    this.output = data.resolveSibling(data.getFileName() + ".out");
    this.command = command;
    this.process = Command.start(Map.of(), command, output);
  }

  /// A server with simulated nodes, which is up.
  static HavnProcess up(Path folder, String name, String... more) throws IOException {
    Path data = folder.resolve(name);
    Path kubeconfig = folder.resolve(name + ".kubeconfig");
    List<String> words = new ArrayList<>(List.of("up", "--foreground", "--runtime", "simulated"));
    words.addAll(List.of("--port", "0", "--kubeconfig", kubeconfig.toString()));
    words.addAll(List.of(more));
    HavnProcess server =
        new HavnProcess(data, kubeconfig, command(data, words.toArray(String[]::new)));
    server.awaitUp();
    return server;
  }

  /// `havn scheduler` for the cluster of `server`.
  static HavnProcess scheduler(HavnProcess server) throws IOException {
    return new HavnProcess(
        server.data.resolveSibling("scheduler"),
        server.kubeconfig,
        command("scheduler", "--kubeconfig", server.kubeconfig.toString()));
  }

  /// Starts it again, as it was.
  void up() throws IOException {
    process = Command.start(Map.of(), command, output);
    awaitUp();
  }

  private void awaitUp() {
    await("a server", () -> !isAlive() || said().contains("Havn is up"));
    assertThat(isAlive()).as(said()).isTrue();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /// What it has printed since it was started last.
  String said() {
    try {
      return Files.readString(output);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  KubernetesClient client() {
    Config config = Config.fromKubeconfig(kubeconfig.toFile());
    config.setRequestRetryBackoffLimit(0);
    return new KubernetesClientBuilder().withConfig(config).build();
  }

  void kill() {
    process.destroyForcibly();
    process.onExit().join();
  }

  /// Asks it to end, and waits until it has.
  void terminate() {
    process.destroy();
    process.onExit().join();
  }

  /// Runs another command on its data directory, to its end.
  Command.Result run(String... words) {
    return Command.run(Map.of(), command(data, words));
  }

  static List<String> command(Path data, String... words) {
    List<String> command = command(words);
    command.addAll(List.of("--data-dir", data.toString()));
    return command;
  }

  private static List<String> command(String... words) {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElseThrow());
    command.addAll(
        List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dsun.jnu.encoding=UTF-8"));
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), "dev.havn.cli.Main"));
    command.addAll(List.of(words));
    return command;
  }

  static void await(String what, BooleanSupplier there) {
    Instant end = Instant.now().plus(WITHIN);
    while (!there.getAsBoolean()) {
      assertThat(Instant.now()).as("%s within %s", what, WITHIN).isBefore(end);
      LockSupport.parkNanos(LOOK_EVERY_NANOS);
    }
  }
}
