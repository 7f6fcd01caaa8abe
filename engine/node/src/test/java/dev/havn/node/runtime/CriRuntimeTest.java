// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.addresses.AddressRange;
import dev.havn.addresses.Ranges;
import dev.havn.node.credential.Keyring;
import dev.havn.node.credential.NodeCredentials;
import dev.havn.node.cri.CriClient;
import dev.havn.node.image.ImageAccess;
import dev.havn.node.image.ImageException;
import dev.havn.node.image.Reference;
import dev.havn.node.image.TestImages;
import dev.havn.node.kernel.Cgroups;
import dev.havn.node.kernel.Links;
import dev.havn.node.kernel.Mounts;
import dev.havn.node.kernel.Program;
import dev.havn.node.protocol.cri.Cri;
import dev.havn.node.runtime.ContainerRuntime.Container;
import dev.havn.node.runtime.ContainerRuntime.PodPlace;
import dev.havn.node.runtime.ContainerRuntime.Resources;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CriRuntimeTest extends ContainerRuntimeContract {
  private static final ExecutorService CALLS = Executors.newVirtualThreadPerTaskExecutor();
  @TempDir private static Path home;
  private static @Nullable TestContainerd containerd;
  private static @Nullable CriClient client;

  @BeforeAll
  static void startContainerd() throws IOException {
    if (TestContainerd.missing().isEmpty()) {
      containerd = TestContainerd.start(home);
      client = CriClient.connect(containerd.socket(), CALLS);
    }
  }

  @AfterAll
  static void endContainerd() throws IOException {
    if (client != null) {
      client.close();
    }
    if (containerd != null) {
      containerd.close();
    }
    CALLS.shutdownNow();
  }

  @Override
  ContainerRuntime open() {
    return CriRuntime.open(settings());
  }

  private CriRuntime.Settings settings() {
    return settings("198.18.65.0/24", "198.18.66.1");
  }

  private CriRuntime.Settings settings(String addresses, String api) {
    return new CriRuntime.Settings(
        client,
        folder.resolve("runtime"),
        id,
        Ranges.parse(addresses),
        Ranges.parse(addresses).all(),
        api,
        MTU_BYTES,
        PROCESSES_MAX,
        CLOCK,
        executor);
  }

  @Override
  String missing() {
    return TestContainerd.missing();
  }

  @Override
  boolean hasEndedUnseen(Container container) {
    var request = Cri.ContainerStatusRequest.newBuilder().setContainerId(container.id()).build();
    return client.ask(stub -> stub.containerStatus(request)).getStatus().getState()
        == Cri.ContainerState.CONTAINER_EXITED;
  }

  /// One shim is for all containers of a sandbox.
  @Override
  long parentOf(Container container) throws IOException {
    var request =
        Cri.ContainerStatusRequest.newBuilder()
            .setContainerId(container.id())
            .setVerbose(true)
            .build();
    String info = client.ask(stub -> stub.containerStatus(request)).getInfoOrThrow("info");
    String sandbox = CriNetwork.json(info).path("sandboxID").asText();
    return ProcessHandle.allProcesses()
        .filter(each -> each.info().commandLine().orElse("").contains("-id " + sandbox))
        .mapToLong(ProcessHandle::pid)
        .findFirst()
        .orElseThrow();
  }

  @Override
  List<String> leftOutside() throws IOException {
    List<String> left = new ArrayList<>();
    Mounts.below(folder).forEach(each -> left.add("mount " + each));
    CriPods pods = new CriPods(client, id.toString());
    pods.sandboxes().forEach(each -> left.add("sandbox " + each.getId()));
    pods.containers().forEach(each -> left.add("container " + each.getId()));
    Links.names().stream().filter(each -> each.contains(id.toString())).forEach(left::add);
    Cgroups.below("havn-" + id).forEach(each -> left.add("cgroup " + each));
    try (Stream<Path> files = Files.list(containerd.networks())) {
      files.forEach(each -> left.add("network " + each));
    }
    String routes = Program.must(List.of("ip", "route", "show", "metric", "" + id.metric()));
    routes.lines().map(each -> "route " + each).forEach(left::add);
    return left;
  }

  @Test
  void aPodIsKeptApartByTheHandlerOfItsClass() {
    assertThat(runtime.ensurePod(guarded("runc"))).startsWith("198.18.65.");
    PodPlace unknown = guarded("kata");
    assertThatThrownBy(() -> runtime.ensurePod(unknown))
        .isInstanceOfSatisfying(
            StartException.class, e -> assertThat(e.reason()).isEqualTo("FailedCreatePodSandBox"))
        .hasMessageContaining("no runtime for \"kata\" is configured");
  }

  private PodPlace guarded(String handler) {
    PodPlace pod = pods.place();
    return TestPods.with(pod, pod.wishes(), () -> handler);
  }

  /// The runtime's runc makes the places of mounts. One before 1.1.14 may be led to make an empty
  /// folder elsewhere (CVE-2024-45310).
  @Override
  @Test
  void noContainerGetsAPathOfTheMachineWhileAnotherMovesThings() throws Exception {
    boolean isMended = runcMakesFoldersInContainersOnly();
    if (!isMended) {
      System.out.println(
          "skipped: runc " + OciProgram.RUNC.version() + " makes folders for mounts elsewhere");
    }
    Assumptions.assumeTrue(isMended, "CVE-2024-45310");
    super.noContainerGetsAPathOfTheMachineWhileAnotherMovesThings();
  }

  @Test
  void aPodsAddressIsOnANetworkOfItsOwn() throws IOException {
    PodPlace pod = pods.place();
    String address = runtime.ensurePod(pod);
    assertThat(address).startsWith("198.18.65.").isEqualTo(runtime.address(pod.uid()).get());
    Container container =
        start(pod, pods.spec("main").shell("busybox ip address; busybox ip route; exit 0"));
    awaitEnd(pod, container);
    assertThat(log(container))
        .contains(address + "/32", "default via 198.18.65.1 dev eth0")
        .doesNotContain(address + "/24", "fe80:");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "198.18.65.0/24,fd00:198:18:65::/64 | 198.18.66.1",
        "fd00:198:18:65::/64,198.18.65.0/24 | fd00:198:18:66::1",
        "fd00:198:18:65::/64 | fd00:198:18:66::1",
      })
  void aPodHasAnAddressOfEachFamily(String addresses, String api) throws IOException {
    Assumptions.assumeTrue(Files.exists(Path.of("/proc/net/if_inet6")), "needs IPv6");
    runtime.removeAll();
    runtime.close();
    runtime = CriRuntime.open(settings(addresses, api));
    Ranges ranges = Ranges.parse(addresses);
    PodPlace pod = pods.place();
    String address = runtime.ensurePod(pod);
    assertThat(ranges.first().contains(address)).as(address).isTrue();
    assertThat(runtime.address(pod.uid())).contains(address);
    Container container =
        start(
            pod,
            pods.spec("main")
                .shell("busybox ip address; busybox ip route; busybox ip -6 route; exit 0"));
    awaitEnd(pod, container);
    String said = log(container);
    for (AddressRange each : ranges.all()) {
      String own = each.address(ranges.first().number(address));
      assertThat(said)
          .contains(own + "/" + each.family().bits())
          .contains("default via " + each.address(1) + " dev eth0")
          .doesNotContain(own + "/" + each.prefix() + " ");
      assertThat(Program.must(List.of("ip", "route", "get", own))).contains("dev hv" + id);
      String ping = own.contains(":") ? "ping6" : "ping";
      assertThat(Program.run(List.of("busybox", ping, "-c", "1", "-W", "2", own)).ok())
          .as(own)
          .isTrue();
    }
  }

  @Test
  void aPodWhoseSandboxHasGoneGetsANewOne() throws IOException {
    PodPlace pod = pods.place();
    Container before = start(pod, pods.spec("main").command("sleep", "1000"));
    CriPods sandboxes = new CriPods(client, id.toString());
    sandboxes.stopSandbox(sandboxes.sandboxes(pod.uid()).getFirst().getId());
    awaitEnd(pod, before);
    Container after = start(pod, pods.spec("main").attempt(1).command("sleep", "1000"));
    assertThat(after.running()).isTrue();
    assertThat(runtime.containers(pod.uid())).hasSize(2);
  }

  @Test
  void aPodWhoseClassHasGoneRunsOnAndIsKeptApartByNoOtherHandler() throws IOException {
    PodPlace pod = pods.place();
    Container container = start(pod, pods.spec("main").command("sleep", "1000"));
    PodPlace classless =
        TestPods.with(
            pod,
            pod.wishes(),
            () -> {
              throw new StartException("FailedCreatePodSandBox", "its class has gone", null);
            });
    assertThat(runtime.ensurePod(classless)).startsWith("198.18.65.");
    CriPods sandboxes = new CriPods(client, id.toString());
    sandboxes.stopSandbox(sandboxes.sandboxes(pod.uid()).getFirst().getId());
    awaitEnd(pod, container);
    assertThatThrownBy(() -> runtime.ensurePod(classless)).hasMessage("its class has gone");
    assertThat(sandboxes.sandboxes(pod.uid())).hasSize(1);
  }

  @Test
  void boundsOfARunningContainerAreChanged() throws IOException {
    PodPlace pod = pods.place();
    Container container = start(pod, pods.spec("main").command("sleep", "1000"));
    runtime.resize(pod.uid(), container.id(), new Resources(512, 50_000, 64 << 20));
    String group = "havn-" + id + "/" + pod.uid() + "/" + container.id();
    List<Path> found =
        Cgroups.below(group).stream()
            .map(
                each -> each.resolve(Cgroups.areUnified() ? "memory.max" : "memory.limit_in_bytes"))
            .filter(Files::exists)
            .toList();
    assertThat(found).isNotEmpty().allSatisfy(each -> assertThat(each).hasContent("" + (64 << 20)));
  }

  @Test
  void aContainerThatTakesTooMuchMemoryIsSaidToHaveDoneSo() {
    PodPlace pod = pods.place();
    String shell = "cat /dev/zero | head -c 60000000 | tail -n 1 | wc -c; kill -9 $$";
    Container container =
        start(pod, pods.spec("main").memory(8 << 20).command("busybox", "sh", "-c", shell));
    assertThat(awaitEnd(pod, container).outOfMemory()).isTrue();
  }

  @Test
  void imagesAreTheRuntimes() throws IOException {
    CriImages images =
        new CriImages(
            client, new ImageAccess(folder.resolve("access")), NodeCredentials.NONE, CLOCK);
    assertThat(images.has(TestImages.BUSYBOX)).isTrue();
    assertThat(images.isOpenTo(TestImages.BUSYBOX, Keyring.EMPTY)).isTrue();
    Path archive =
        TestImages.dockerArchive(
            folder.resolve("other.tar"),
            "example.test/other:1",
            "{\"Cmd\":[\"/x\"]}",
            TestImages.layer("x", new byte[] {1}));
    assertThat(images.load(archive)).containsExactly("example.test/other:1");
    assertThat(images.all()).anyMatch(each -> each.names().contains("example.test/other:1"));
    assertThat(images.remove("example.test/other:1")).isTrue();
    assertThat(images.has("example.test/other:1")).isFalse();
    assertThatThrownBy(() -> images.pull(Reference.parse("registry.invalid/none:1"), Keyring.EMPTY))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("rpc error: code = ")
        .hasMessageContaining("registry.invalid/none:1");
  }

  @Test
  void anImageThatIsNotThereIsNamed() {
    PodPlace pod = pods.place();
    runtime.ensurePod(pod);
    assertThatThrownBy(
            () -> runtime.start(pod, pods.spec("main").image("example.test/none:1").get()))
        .isInstanceOf(StartException.class)
        .hasMessage("image example.test/none:1 is not loaded");
  }

  @Test
  void aNetworkThatAnotherHasMadeIsLeftAlone() throws IOException {
    runtime.removeAll();
    runtime.close();
    Path other =
        Files.writeString(containerd.networks().resolve("10-another.conflist"), "{\"plugins\":[]}");
    try {
      assertThatThrownBy(this::open)
          .isInstanceOf(StartException.class)
          .hasMessageContaining("10-another.conflist")
          .hasMessageContaining("move it away");
      assertThat(other).hasContent("{\"plugins\":[]}");
    } finally {
      Files.delete(other);
      runtime = open();
    }
  }

  /// Containers go on, and what becomes of them is seen when somebody answers again.
  @Test
  void aRuntimeThatComesBackIsUsedAgain() throws IOException {
    PodPlace pod = pods.place();
    Container container = start(pod, pods.spec("main").command("sleep", "1000"));
    containerd.end();
    assertThatThrownBy(() -> runtime.containers(pod.uid()))
        .isInstanceOf(StartException.class)
        .hasMessageContaining("rpc error: code = Unavailable");
    containerd.run();
    TestPods.await(() -> isRunning(pod), each -> each);
    runtime.stop(pod.uid(), container.id(), java.time.Duration.ZERO);
    assertThat(awaitEnd(pod, container).exitCode()).isEqualTo(137);
  }

  private boolean isRunning(PodPlace pod) {
    try {
      return find(pod, "main", 0).running();
    } catch (StartException notYet) {
      return false;
    }
  }

  @Test
  void whoIsNotThereIsNamedWithARemedy() {
    assertThatThrownBy(() -> CriClient.connect(folder.resolve("none.sock"), CALLS))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("there is no socket " + folder.resolve("none.sock"))
        .hasMessageContaining("apt-get install containerd");
  }
}
