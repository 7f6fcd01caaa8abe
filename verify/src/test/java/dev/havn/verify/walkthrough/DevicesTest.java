// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceSlice;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Plugins that others wrote, unchanged, on a node with real containers: Kubernetes' sample device
/// plugin in a pod, and the driver of its own tests of ResourceClaims on the machine. In a full
/// verification only: their modules are large.
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class DevicesTest {
  private static final String KUBERNETES = "1.36.3";
  private static final String RESOURCE = "example.com/resource";
  private static final Duration WITHIN = Duration.ofSeconds(120);
  private static final long LOOK_EVERY_NANOS = 100_000_000;

  private static final String PLUGIN =
      """
      apiVersion: v1
      kind: Pod
      metadata: {name: plugin, namespace: default}
      spec:
        containers:
        - name: plugin
          image: example/it:1
          command: [/programs/sample-device-plugin, -logtostderr]
          env: [{name: CDI_ENABLED, value: "1"}]
          securityContext: {privileged: true}
          volumeMounts:
          - {name: sockets, mountPath: /var/lib/kubelet/device-plugins}
          - {name: cdi, mountPath: /var/run/cdi}
          - {name: programs, mountPath: /programs}
        volumes:
        - {name: sockets, hostPath: {path: /var/lib/kubelet/device-plugins}}
        - {name: cdi, hostPath: {path: /var/run/cdi, type: DirectoryOrCreate}}
        - {name: programs, hostPath: {path: %s}}
      """;

  private static final String USER =
      """
      apiVersion: v1
      kind: Pod
      metadata: {name: %s, namespace: default}
      spec:
        %s
        terminationGracePeriodSeconds: 1
        containers:
        - name: c
          image: example/it:1
          command: [sh, -c, "trap 'exit 0' TERM; env; ls -l /tmp; while :; do sleep 1 & wait; done"]
          resources: {limits: {example.com/resource: 1}}
      """;

  private static final String CLAIMS =
      """
      apiVersion: resource.k8s.io/v1
      kind: DeviceClass
      metadata: {name: test}
      spec: {selectors: [{cel: {expression: "device.driver == 'test-driver.cdi.k8s.io'"}}]}
      ---
      apiVersion: resource.k8s.io/v1
      kind: ResourceClaimTemplate
      metadata: {name: gpu, namespace: default}
      spec: {spec: {devices: {requests: [{name: gpu, exactly: {deviceClassName: test}}]}}}
      ---
      apiVersion: v1
      kind: Pod
      metadata: {name: claimer, namespace: default}
      spec:
        terminationGracePeriodSeconds: 1
        resourceClaims: [{name: gpu, resourceClaimTemplateName: gpu}]
        containers:
        - name: c
          image: example/it:1
          command: [sh, -c, "trap 'exit 0' TERM; env; while :; do sleep 1 & wait; done"]
          resources: {claims: [{name: gpu}]}
      """;

  @TempDir private Path folder;
  private final ClientProgram programs = ClientProgram.of("plugins");
  private @Nullable Process server;
  private @Nullable Process driver;
  private KubernetesClient client;
  private String port = "";

  private List<String> havn(String... words) {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElseThrow());
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), "dev.havn.cli.Main"));
    command.addAll(List.of(words));
    command.addAll(List.of("--data-dir", folder.resolve("data").toString()));
    return command;
  }

  private static void await(String what, BooleanSupplier there) {
    Instant end = Instant.now().plus(WITHIN);
    while (!there.getAsBoolean()) {
      assertThat(Instant.now()).as("%s within %s", what, WITHIN).isBefore(end);
      LockSupport.parkNanos(LOOK_EVERY_NANOS);
    }
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private void up() throws IOException {
    Path said = Files.createTempFile(folder, "up", ".txt");
    Path kubeconfig = folder.resolve("kubeconfig");
    Process started =
        Command.start(
            Map.of(),
            havn("up", "--foreground", "--port", port, "--kubeconfig", kubeconfig.toString()),
            said);
    server = started;
    await("a server", () -> !started.isAlive() || text(said).contains("Havn is up"));
    assertThat(started.isAlive()).as(text(said)).isTrue();
    client =
        new KubernetesClientBuilder()
            .withConfig(Config.fromKubeconfig(kubeconfig.toFile()))
            .build();
  }

  private void kill() {
    Process running = server;
    if (running != null) {
      running.destroyForcibly();
      running.onExit().join();
      server = null;
    }
  }

  @BeforeEach
  void begin() throws IOException {
    programs.onlyInFull();
    programs.skipUnless(
        "root".equals(System.getProperty("user.name")), "containers need root here");
    Files.createDirectories(programs.target());
    // The driver finds the server again by its port.
    try (ServerSocket free = new ServerSocket(0)) {
      port = String.valueOf(free.getLocalPort());
    }
    up();
    JsonNode status =
        new ObjectMapper()
            .readTree(Command.run(Map.of(), havn("status", "-o", "json")).succeeded());
    programs.skipUnless(
        status.path("runtime").asText().startsWith("runc"), "no runc: " + status.path("problems"));
    Optional<Path> busybox = WebImage.busybox(folder);
    programs.skipUnless(busybox.isPresent(), "no static busybox");
    Path image =
        WebImage.of(busybox.orElseThrow(), "it")
            .dockerArchive(folder.resolve("it.tar"), "example/it:1");
    Command.run(Map.of(), havn("image", "load", image.toString())).succeeded();
  }

  @AfterEach
  void reset() throws IOException {
    // What the sample plugin calls devices, and its specification of them.
    for (String each : List.of("/tmp/Dev-1", "/tmp/Dev-2", "/var/run/cdi/example.com.json")) {
      Files.deleteIfExists(Path.of(each));
    }
    if (driver != null) {
      driver.destroyForcibly();
      driver.onExit().join();
    }
    if (server != null) {
      kill();
      Command.run(Map.of(), havn("reset", "--yes")).succeeded();
    }
  }

  private void create(String yaml) {
    client.load(new ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8))).create();
  }

  private Optional<Pod> pod(String name) {
    return Optional.ofNullable(client.pods().inNamespace("default").withName(name).get());
  }

  private boolean isReady(String name) {
    return pod(name).stream()
        .flatMap(each -> each.getStatus().getContainerStatuses().stream())
        .anyMatch(ContainerStatus::getReady);
  }

  private String log(String name) {
    return client.pods().inNamespace("default").withName(name).getLog();
  }

  private void delete(String name) {
    client.pods().inNamespace("default").withName(name).delete();
    await(name + " to be gone", () -> pod(name).isEmpty());
  }

  private @Nullable Quantity allocatable() {
    return client.nodes().withName("havn").get().getStatus().getAllocatable().get(RESOURCE);
  }

  /// A program of Kubernetes' own module, whose parts are modules by relative paths.
  ///
  /// @param source its folder there
  private Path program(String source) throws IOException {
    Path built = programs.target().resolve(Path.of(source).getFileName());
    if (Files.exists(built)) {
      return built;
    }
    String go = programs.tool("go");
    String module = module(go).toString();
    programs.fetch(
        Map.of("CGO_ENABLED", "0"),
        go,
        "-C",
        module,
        "build",
        "-mod=mod",
        "-o",
        built.toString(),
        "k8s.io/kubernetes/" + source);
    return built;
  }

  private Path module(String go) throws IOException {
    Path module = programs.target().resolve("module");
    if (Files.exists(module.resolve("go.mod"))) {
      return module;
    }
    Files.createDirectories(module);
    String whole = "k8s.io/kubernetes@v" + KUBERNETES;
    programs.fetch(Map.of(), go, "-C", module.toString(), "mod", "download", whole);
    String cache = programs.run(Map.of(), go, "env", "GOMODCACHE").strip();
    Path upstream = Path.of(cache, "cache/download/k8s.io/kubernetes/@v/v" + KUBERNETES + ".mod");
    List<String> lines = new ArrayList<>(List.of("module plugins", "go 1.26"));
    lines.add("require k8s.io/kubernetes v" + KUBERNETES);
    for (String line : Files.readAllLines(upstream)) {
      if (line.contains("=> ./staging/")) {
        String name = line.strip().replaceFirst("^replace ", "").split(" ")[0];
        lines.add("replace %s => %s v0%s".formatted(name, name, KUBERNETES.substring(1)));
      }
    }
    Files.write(module.resolve("go.mod"), lines);
    return module;
  }

  @Test
  void kubernetesSampleDevicePlugin() throws IOException {
    create(PLUGIN.formatted(program("test/images/sample-device-plugin").getParent()));
    Quantity two = new Quantity("2");
    await("two devices", () -> two.equals(allocatable()));
    create(USER.formatted("first", ""));
    await("the first pod", () -> isReady("first"));
    String device = log("first").contains("CDI_DEVICE=CDI-Dev-1") ? "Dev-1" : "Dev-2";
    assertThat(log("first")).contains("CDI_DEVICE=CDI-" + device).contains(device);
    assertThat(pod("first").orElseThrow().getStatus().getContainerStatuses().getFirst())
        .extracting(each -> each.getAllocatedResourcesStatus().getFirst().getName())
        .isEqualTo(RESOURCE);
    kill();
    up();
    await("the plugin to come again", () -> two.equals(allocatable()));
    create(USER.formatted("second", ""));
    await("the second pod", () -> isReady("second"));
    assertThat(log("second")).contains("CDI_DEVICE=CDI-Dev").doesNotContain("CDI-" + device);
    create(USER.formatted("third", "nodeName: havn"));
    await("the third to be refused", () -> phase("third").equals("Failed"));
    assertThat(pod("third").orElseThrow().getStatus().getReason())
        .isEqualTo("UnexpectedAdmissionError");
    assertThat(pod("third").orElseThrow().getStatus().getMessage())
        .isEqualTo(
            "Pod was rejected: Allocate failed due to requested number of devices unavailable for"
                + " example.com/resource. Requested: 1, Available: 0, which is unexpected");
    assertThat(isReady("first")).isTrue();
    delete("first");
    create(USER.formatted("fourth", ""));
    await("the fourth pod", () -> isReady("fourth"));
    assertThat(log("fourth")).contains("CDI_DEVICE=CDI-" + device);
    delete("plugin");
    await("no device without its plugin", () -> new Quantity("0").equals(allocatable()));
  }

  private String phase(String name) {
    return pod(name).map(each -> each.getStatus().getPhase()).orElse("");
  }

  private void startDriver() throws IOException {
    Path kubelet = folder.resolve("data/nodes/havn/kubelet");
    Files.createDirectories(kubelet.resolve("plugins/test-driver.cdi.k8s.io"));
    driver =
        Command.start(
            Map.of(),
            List.of(
                program("test/e2e/dra/test-driver").toString(),
                "--kubeconfig",
                folder.resolve("kubeconfig").toString(),
                "kubelet-plugin",
                "--node-name",
                "havn",
                "--num-devices",
                "2",
                "--plugin-registration-path",
                kubelet.resolve("plugins_registry").toString(),
                "--datadir",
                kubelet.resolve("plugins").toString()),
            folder.resolve("driver.log"));
  }

  private List<ResourceSlice> slices() {
    return client.resources(ResourceSlice.class).list().getItems();
  }

  @Test
  void theDriverOfKubernetesOwnTests() throws IOException {
    startDriver();
    await("a slice", () -> !slices().isEmpty());
    create(CLAIMS);
    await("a pod with its claim", () -> isReady("claimer"));
    assertThat(log("claimer")).containsPattern("claim_claimer_gpu_.*_gpu=true");
    String container =
        pod("claimer").orElseThrow().getStatus().getContainerStatuses().getFirst().getContainerID();
    kill();
    up();
    await("the driver to come again", () -> !slices().isEmpty());
    assertThat(
            pod("claimer")
                .orElseThrow()
                .getStatus()
                .getContainerStatuses()
                .getFirst()
                .getContainerID())
        .isEqualTo(container);
    delete("claimer");
    await(
        "the claim to be gone",
        () ->
            client
                .resources(io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim.class)
                .inNamespace("default")
                .list()
                .getItems()
                .isEmpty());
    assertThat(text(folder.resolve("data/nodes/havn/kubelet/claims.json"))).doesNotContain("uid");
    Process running = driver;
    if (running != null) {
      running.destroyForcibly();
      running.onExit().join();
    }
    await("no slice without its driver", () -> slices().isEmpty());
  }
}
