// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceSlice;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
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
  private @Nullable HavnProcess server;
  private @Nullable Process driver;
  private KubernetesClient client;

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private void killAndUp() throws IOException {
    if (server != null) {
      server.kill();
      server.up();
      client = server.client();
    }
  }

  @BeforeEach
  void begin() throws IOException {
    programs.onlyInFull();
    programs.skipUnless(
        "root".equals(System.getProperty("user.name")), "containers need root here");
    Files.createDirectories(programs.target());
    // The driver finds the server again by its port.
    HavnProcess up = HavnProcess.real(folder, "data", "--port", HavnProcess.freePort());
    server = up;
    client = up.client();
    JsonNode status = up.status();
    programs.skipUnless(
        status.path("runtime").asText().startsWith("runc"), "no runc: " + status.path("problems"));
    Optional<Path> busybox = WebImage.busybox(folder);
    programs.skipUnless(busybox.isPresent(), "no static busybox");
    up.load(WebImage.of(busybox.orElseThrow(), "it"), "example/it:1");
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
      server.close();
    }
  }

  private void create(String yaml) {
    HavnProcess.create(client, yaml);
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
    HavnProcess.await(name + " to be gone", () -> pod(name).isEmpty());
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
    HavnProcess.await("two devices", () -> two.equals(allocatable()));
    create(USER.formatted("first", ""));
    HavnProcess.await("the first pod", () -> isReady("first"));
    String device = log("first").contains("CDI_DEVICE=CDI-Dev-1") ? "Dev-1" : "Dev-2";
    assertThat(log("first")).contains("CDI_DEVICE=CDI-" + device).contains(device);
    assertThat(pod("first").orElseThrow().getStatus().getContainerStatuses().getFirst())
        .extracting(each -> each.getAllocatedResourcesStatus().getFirst().getName())
        .isEqualTo(RESOURCE);
    killAndUp();
    HavnProcess.await("the plugin to come again", () -> two.equals(allocatable()));
    create(USER.formatted("second", ""));
    HavnProcess.await("the second pod", () -> isReady("second"));
    assertThat(log("second")).contains("CDI_DEVICE=CDI-Dev").doesNotContain("CDI-" + device);
    create(USER.formatted("third", "nodeName: havn"));
    HavnProcess.await("the third to be refused", () -> phase("third").equals("Failed"));
    assertThat(pod("third").orElseThrow().getStatus().getReason())
        .isEqualTo("UnexpectedAdmissionError");
    assertThat(pod("third").orElseThrow().getStatus().getMessage())
        .isEqualTo(
            "Pod was rejected: Allocate failed due to requested number of devices unavailable for"
                + " example.com/resource. Requested: 1, Available: 0, which is unexpected");
    assertThat(isReady("first")).isTrue();
    delete("first");
    create(USER.formatted("fourth", ""));
    HavnProcess.await("the fourth pod", () -> isReady("fourth"));
    assertThat(log("fourth")).contains("CDI_DEVICE=CDI-" + device);
    delete("plugin");
    HavnProcess.await(
        "no device without its plugin", () -> new Quantity("0").equals(allocatable()));
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
                folder.resolve("data.kubeconfig").toString(),
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
    HavnProcess.await("a slice", () -> !slices().isEmpty());
    create(CLAIMS);
    HavnProcess.await("a pod with its claim", () -> isReady("claimer"));
    assertThat(log("claimer")).containsPattern("claim_claimer_gpu_.*_gpu=true");
    String container =
        pod("claimer").orElseThrow().getStatus().getContainerStatuses().getFirst().getContainerID();
    killAndUp();
    HavnProcess.await("the driver to come again", () -> !slices().isEmpty());
    assertThat(
            pod("claimer")
                .orElseThrow()
                .getStatus()
                .getContainerStatuses()
                .getFirst()
                .getContainerID())
        .isEqualTo(container);
    delete("claimer");
    HavnProcess.await(
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
    HavnProcess.await("no slice without its driver", () -> slices().isEmpty());
  }
}
