// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.havn.store.FreePort;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// A command of Havn in a process of its own, or a program that works for it.
final class HavnProcess implements AutoCloseable {
  private static final Duration WITHIN = Duration.ofSeconds(120);
  private static final long LOOK_EVERY_NANOS = 100_000_000;

  private final Path data;
  private final Path kubeconfig;
  private final List<String> command;
  private Path output;
  private Process process;

  private HavnProcess(Path data, Path kubeconfig, List<String> command) throws IOException {
    this.data = data;
    this.kubeconfig = kubeconfig;
    this.command = command;
    this.output = newOutput();
    this.process = Command.start(Map.of(), command, output);
  }

  private Path newOutput() throws IOException {
    return Files.createTempFile(data.getParent(), data.getFileName() + "-", ".out");
  }

  /// A server with simulated nodes, which is up.
  static HavnProcess up(Path folder, String name, String... more) throws IOException {
    List<String> words = new ArrayList<>(List.of("--runtime", "simulated"));
    words.addAll(List.of(more));
    return real(folder, name, words.toArray(String[]::new));
  }

  /// A server with the best runtime of this machine, which is up.
  static HavnProcess real(Path folder, String name, String... more) throws IOException {
    Path data = folder.resolve(name);
    Path kubeconfig = folder.resolve(name + ".kubeconfig");
    HavnProcess server = new HavnProcess(data, kubeconfig, upCommand(data, kubeconfig, more));
    try {
      server.awaitUp();
    } catch (AssertionError e) {
      server.close();
      throw e;
    }
    return server;
  }

  /// A port for `--port` that stays the same when a server starts again.
  static String freePort() throws IOException {
    return String.valueOf(FreePort.find());
  }

  static List<String> upCommand(Path data, Path kubeconfig, String... more) {
    List<String> words = new ArrayList<>(List.of("up", "--foreground"));
    words.addAll(List.of("--kubeconfig", kubeconfig.toString()));
    words.addAll(List.of(more));
    if (!words.contains("--port")) {
      words.addAll(List.of("--port", "0"));
    }
    return command(data, words.toArray(String[]::new));
  }

  /// `havn scheduler` for the cluster of `server`.
  static HavnProcess scheduler(HavnProcess server) throws IOException {
    return new HavnProcess(
        server.data.resolveSibling("scheduler"),
        server.kubeconfig,
        HavnJava.command(
            "scheduler", "--secure-port", "0", "--kubeconfig", server.kubeconfig.toString()));
  }

  /// kube-controller-manager of Kubernetes for the cluster of `server`.
  static HavnProcess controllerManager(HavnProcess server, Path program) throws IOException {
    return new HavnProcess(
        server.data.resolveSibling("controllers"),
        server.kubeconfig,
        List.of(
            program.toString(),
            "--kubeconfig",
            server.kubeconfig.toString(),
            "--use-service-account-credentials",
            "--secure-port",
            "0"));
  }

  /// Starts it again, as it was.
  void up() throws IOException {
    output = newOutput();
    process = Command.start(Map.of(), command, output);
    awaitUp();
  }

  /// Puts another one in its place.
  ///
  /// @return the one that was there, which may still be about to end
  Process restart() throws IOException {
    Process before = process;
    output = newOutput();
    process = Command.start(Map.of(), command(data, "restart", "--foreground"), output);
    awaitUp();
    return before;
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

  /// Ends it with all that it has.
  @Override
  public void close() {
    kill();
    run("reset", "--yes").succeeded();
  }

  Path data() {
    return data;
  }

  long pid() {
    return process.pid();
  }

  JsonNode status() {
    try {
      return new ObjectMapper().readTree(run("status", "-o", "json").succeeded());
    } catch (JsonProcessingException e) {
      throw new AssertionError("status -o json", e);
    }
  }

  /// Loads an image under a name.
  void load(WebImage image, String tag) throws IOException {
    Path file = Files.createTempFile(data.getParent(), "image-", ".tar");
    run("image", "load", image.dockerArchive(file, tag).toString()).succeeded();
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
    List<String> command = HavnJava.command(words);
    command.addAll(List.of("--data-dir", data.toString()));
    return command;
  }

  /// Creates what a text of YAML says.
  static void create(KubernetesClient client, String yaml) {
    client.load(new ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8))).create();
  }

  static boolean isReady(@Nullable Pod pod) {
    return pod != null
        && pod.getMetadata().getDeletionTimestamp() == null
        && pod.getStatus().getConditions().stream()
            .anyMatch(each -> each.getType().equals("Ready") && each.getStatus().equals("True"));
  }

  static void await(String what, BooleanSupplier there) {
    await(what, WITHIN, there);
  }

  static void await(String what, Duration within, BooleanSupplier there) {
    Instant end = Instant.now().plus(within);
    while (!there.getAsBoolean()) {
      assertThat(Instant.now()).as("%s within %s", what, within).isBefore(end);
      LockSupport.parkNanos(LOOK_EVERY_NANOS);
    }
  }
}
