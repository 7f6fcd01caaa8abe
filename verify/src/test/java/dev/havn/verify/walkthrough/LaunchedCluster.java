// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/// One cluster from `./havn up`, with the best runtime of this machine and two images loaded:
/// `example/web:1` and `example/web:2`. All test classes that ask for it share it.
///
/// `HAVN_RUNTIME` asks for another runtime, `HAVN_CONFIG` names a configuration file for `up`.
final class LaunchedCluster implements AutoCloseable {
  private static final Path ROOT = Path.of(System.getProperty("havn.root", "..")).toAbsolutePath();

  private final Path folder;
  private final String runtime;

  private LaunchedCluster() throws IOException {
    this.folder = Files.createTempDirectory("havn-walk");
    up();
    JsonNode status = status();
    this.runtime = status.path("runtime").asText();
    System.out.println("runtime: " + runtime);
    status.path("problems").forEach(each -> System.out.println("because: " + each.asText()));
    if (hasContainers()) {
      loadImages();
    }
  }

  /// Gives the shared cluster to test methods; it ends when all tests have.
  static final class Shared implements ParameterResolver {
    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
      return parameter.getParameter().getType() == LaunchedCluster.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
      return of(context);
    }

    static LaunchedCluster of(ExtensionContext context) {
      return context
          .getRoot()
          .getStore(ExtensionContext.Namespace.create(LaunchedCluster.class))
          .computeIfAbsent("cluster", _ -> launch(), LaunchedCluster.class);
    }

    private static LaunchedCluster launch() {
      try {
        return new LaunchedCluster();
      } catch (IOException e) {
        throw new AssertionError("a folder for the cluster", e);
      }
    }
  }

  private void loadImages() throws IOException {
    Optional<Path> busybox = WebImage.busybox(folder);
    assertThat(busybox).as("a static busybox: apt-get install busybox-static").isPresent();
    WebImage first = WebImage.of(busybox.get(), "web 1");
    WebImage second = WebImage.of(busybox.get(), "web 2");
    for (Path file :
        List.of(
            first.dockerArchive(folder.resolve("web-1.tar"), "example/web:1"),
            second.ociLayout(folder.resolve("web-2.tar.gz"), "example/web:2"))) {
      assertThat(havn("image", "load", file.toString()).succeeded()).contains("example/web:");
    }
  }

  /// Starts it, or starts it again.
  String up() {
    List<String> arguments =
        new ArrayList<>(List.of("up", "--port", "0", "--kubeconfig", kubeconfig().toString()));
    Optional.ofNullable(System.getenv("HAVN_RUNTIME"))
        .ifPresent(each -> arguments.addAll(List.of("--runtime", each)));
    Optional.ofNullable(System.getenv("HAVN_CONFIG"))
        .ifPresent(each -> arguments.addAll(List.of("--config", each)));
    String said = havn(arguments.toArray(String[]::new)).succeeded();
    assertThat(said).contains("Havn is up").contains("kubectl get nodes").contains("context havn");
    return said;
  }

  Command.Result havn(String... arguments) {
    List<String> command = new ArrayList<>(List.of(ROOT.resolve("havn").toString()));
    command.addAll(List.of(arguments));
    command.addAll(List.of("--data-dir", folder.resolve("data").toString()));
    return Command.run(Map.of(), command);
  }

  JsonNode status() {
    try {
      return new ObjectMapper().readTree(havn("status", "-o", "json").succeeded());
    } catch (JsonProcessingException e) {
      throw new AssertionError("status -o json", e);
    }
  }

  /// Ends the server as a power cut would, and nothing else.
  void kill() {
    ProcessHandle server = ProcessHandle.of(status().path("process").asLong()).orElseThrow();
    assertThat(server.destroyForcibly()).isTrue();
    server.onExit().join();
  }

  Path kubeconfig() {
    return folder.resolve("kubeconfig");
  }

  Path folder() {
    return folder;
  }

  /// Whether pods run something.
  boolean hasContainers() {
    return !runtime.startsWith("simulated");
  }

  /// Whether a pod has a network of its own that this machine reaches.
  boolean hasPodNetworks() {
    return runtime.matches("(runc|crun|containerd).*");
  }

  @Override
  public void close() throws IOException {
    havn("reset", "--yes").succeeded();
    assertThat(folder.resolve("data")).doesNotExist();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path each : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    }
  }
}
