// SPDX-License-Identifier: Apache-2.0
package dev.havn.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.havn.node.claim.Driver;
import dev.havn.node.claim.Drivers;
import dev.havn.node.claim.Health;
import dev.havn.node.claim.PreparedDevice;
import dev.havn.node.claim.ResourceClaims;
import dev.havn.node.device.Allocation;
import dev.havn.node.device.DevicePlugin;
import dev.havn.node.device.DevicePlugins;
import dev.havn.node.device.OfferedDevice;
import dev.havn.node.pod.BoundPods;
import dev.havn.node.protocol.podresources.AllocatableResourcesRequest;
import dev.havn.node.protocol.podresources.ContainerResources;
import dev.havn.node.protocol.podresources.GetPodResourcesRequest;
import dev.havn.node.protocol.podresources.ListPodResourcesRequest;
import dev.havn.node.protocol.podresources.PodResourcesListerGrpc;
import dev.havn.node.rpc.SocketConnection;
import dev.havn.node.rpc.UnixSockets;
import dev.havn.node.rpc.WaitingSocket;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.RealTime;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What programs of the machine hear, at the socket where they ask.
@Timeout(60)
class PodResourcesTest {
  private static final String CARD = "example.com/card";

  private static final String POD =
      """
      kind: Pod
      apiVersion: v1
      metadata: {name: %s, namespace: default, uid: %s}
      spec:
        resourceClaims: [{name: gpu, resourceClaimName: gpu}]
        initContainers: [{name: once}, {name: sidecar, restartPolicy: Always}]
        containers: [{name: main, resources: {limits: {example.com/card: 1}, claims: [{name: gpu}]}}]
      status: {phase: %s}
      """;

  private static final String CLAIM =
      """
      {"metadata": {"name": "gpu", "namespace": "default", "uid": "c"},
       "status": {"reservedFor": [{"uid": "p"}],
                  "allocation": {"devices": {"results": [{"driver": "gpu.example.com"}]}}}}
      """;

  @TempDir private Path folder;
  private final RealTime executor = new RealTime();
  private final UnixSockets sockets = new UnixSockets(executor);
  private final List<Pod> all = new ArrayList<>();
  private DevicePlugins plugins;
  private WaitingSocket socket;

  private final class Pods implements BoundPods {
    @Override
    public @Nullable Pod get(String namespace, String name) {
      return all.stream()
          .filter(each -> each.getMetadata().getName().equals(name))
          .findFirst()
          .orElse(null);
    }

    @Override
    public List<Pod> list() {
      return all;
    }

    @Override
    public boolean hasSynced() {
      return true;
    }

    @Override
    public void onChange(Informer.Listener<Pod> listener) {}

    @Override
    public void close() {}
  }

  /// Two cards, one near to a NUMA node.
  private static final class Cards implements DevicePlugin {
    private final CountDownLatch shown = new CountDownLatch(1);
    private final CountDownLatch gone = new CountDownLatch(1);

    @Override
    public Options options() {
      return Options.NONE;
    }

    @Override
    public void follow(Consumer<List<OfferedDevice>> seen) {
      seen.accept(
          List.of(new OfferedDevice("a", true, List.of(1L)), new OfferedDevice("b", false)));
      shown.countDown();
      try {
        gone.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    @Override
    public Allocation allocate(List<String> ids) {
      return Allocation.NONE;
    }

    @Override
    public List<String> prefer(List<String> available, List<String> mustInclude, int size) {
      return List.of();
    }

    @Override
    public void preStart(List<String> ids) {}

    @Override
    public void close() {
      gone.countDown();
    }
  }

  private static final class Gpus implements Driver {
    @Override
    public Map<String, Answer> prepare(List<Claim> claims) {
      PreparedDevice device =
          new PreparedDevice(List.of(), "pool", "gpu-0", List.of("example.com/gpu=0"), null);
      return Map.of("c", new Answer(List.of(device), ""));
    }

    @Override
    public Map<String, String> unprepare(List<Claim> claims) {
      return Map.of("c", "");
    }

    @Override
    public boolean follow(Consumer<List<Health>> seen) {
      return false;
    }

    @Override
    public boolean isConnected() {
      return true;
    }

    @Override
    public void onConnection(Runnable changed) {}

    @Override
    public void close() {}
  }

  @BeforeEach
  void begin() throws Exception {
    Pod pod = pod("p", "Running");
    all.add(pod);
    all.add(pod("done", "Succeeded"));
    plugins =
        new DevicePlugins(
            folder.resolve("devices.json"), InstantSource.system(), executor, _ -> {}, () -> {});
    Cards cards = new Cards();
    plugins.connect(CARD, cards);
    assertThat(cards.shown.await(20, TimeUnit.SECONDS)).isTrue();
    assertThat(plugins.allocator().admit(pod, () -> Optional.of(Set.of("p")), _ -> false))
        .isEmpty();
    JsonNode claim = new ObjectMapper().readTree(CLAIM);
    Drivers drivers = new Drivers("node", _ -> {}, InstantSource.system(), executor);
    drivers.add("gpu.example.com", "/gpu.sock", new Gpus());
    ResourceClaims claims =
        new ResourceClaims(
            _ -> Optional.of(claim), drivers, folder.resolve("claims.json"), _ -> {});
    claims.prepare(pod, () -> false);
    socket =
        WaitingSocket.open(
            folder.resolve("kubelet.sock"),
            folder.resolve("inner.sock"),
            sockets,
            () -> List.of(new PodResources(new Pods(), plugins, claims)),
            executor);
  }

  @AfterEach
  void end() {
    plugins.close();
    socket.close();
    sockets.close();
    executor.shutdownNow();
  }

  private static Pod pod(String name, String phase) {
    return new KubernetesSerialization().unmarshal(POD.formatted(name, name, phase), Pod.class);
  }

  private interface Question<T> {
    T ask(PodResourcesListerGrpc.PodResourcesListerBlockingStub stub);
  }

  private <T> T ask(Question<T> question) throws Exception {
    try (SocketConnection connection = sockets.connect(folder.resolve("kubelet.sock"))) {
      return question.ask(
          PodResourcesListerGrpc.newBlockingStub(connection.channel())
              .withDeadlineAfter(20, TimeUnit.SECONDS));
    }
  }

  @Test
  void whoHasWhatIsTold() throws Exception {
    var listed = ask(stub -> stub.list(ListPodResourcesRequest.getDefaultInstance()));
    var pod = listed.getPodResources(0);
    assertThat(listed.getPodResourcesCount()).isEqualTo(1);
    assertThat(pod.getContainersList())
        .extracting(ContainerResources::getName)
        .containsExactly("sidecar", "main");
    ContainerResources main = pod.getContainers(1);
    assertThat(main.getDevices(0).getResourceName()).isEqualTo(CARD);
    assertThat(main.getDevices(0).getDeviceIdsList()).containsExactly("a");
    assertThat(main.getDevices(0).getTopology().getNodes(0).getID()).isEqualTo(1);
    var claim = main.getDynamicResources(0);
    assertThat(claim.getClaimName()).isEqualTo("gpu");
    assertThat(claim.getClaimResources(0).getDriverName()).isEqualTo("gpu.example.com");
    assertThat(claim.getClaimResources(0).getDeviceName()).isEqualTo("gpu-0");
    assertThat(claim.getClaimResources(0).getCdiDevices(0).getName())
        .isEqualTo("example.com/gpu=0");
    assertThat(ask(stub -> stub.get(named("p"))).getPodResources()).isEqualTo(pod);
  }

  private static GetPodResourcesRequest named(String pod) {
    return GetPodResourcesRequest.newBuilder().setPodNamespace("default").setPodName(pod).build();
  }

  @Test
  void aPodThatIsNotThereIsSaidNotToBe() {
    assertThatThrownBy(() -> ask(stub -> stub.get(named("other"))))
        .hasMessage("UNKNOWN: pod other in namespace default not found");
  }

  @Test
  void devicesThatAreWellAreTold() throws Exception {
    var told =
        ask(stub -> stub.getAllocatableResources(AllocatableResourcesRequest.getDefaultInstance()));
    assertThat(told.getDevicesList())
        .flatExtracting(each -> each.getDeviceIdsList())
        .containsExactly("a");
  }
}
