// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.node.plugin.KubeletFolder;
import dev.havn.node.plugin.Plugin;
import dev.havn.node.plugin.PluginRefusedException;
import dev.havn.node.protocol.deviceplugin.AllocateRequest;
import dev.havn.node.protocol.deviceplugin.AllocateResponse;
import dev.havn.node.protocol.deviceplugin.CDIDevice;
import dev.havn.node.protocol.deviceplugin.ContainerAllocateResponse;
import dev.havn.node.protocol.deviceplugin.ContainerPreferredAllocationResponse;
import dev.havn.node.protocol.deviceplugin.Device;
import dev.havn.node.protocol.deviceplugin.DevicePluginGrpc;
import dev.havn.node.protocol.deviceplugin.DevicePluginOptions;
import dev.havn.node.protocol.deviceplugin.DeviceSpec;
import dev.havn.node.protocol.deviceplugin.Empty;
import dev.havn.node.protocol.deviceplugin.ListAndWatchResponse;
import dev.havn.node.protocol.deviceplugin.Mount;
import dev.havn.node.protocol.deviceplugin.PreStartContainerRequest;
import dev.havn.node.protocol.deviceplugin.PreStartContainerResponse;
import dev.havn.node.protocol.deviceplugin.PreferredAllocationRequest;
import dev.havn.node.protocol.deviceplugin.PreferredAllocationResponse;
import dev.havn.node.protocol.deviceplugin.RegisterRequest;
import dev.havn.node.protocol.deviceplugin.RegistrationGrpc;
import dev.havn.node.rpc.SocketConnection;
import dev.havn.node.rpc.SocketServer;
import dev.havn.node.rpc.UnixSockets;
import dev.havn.reconcile.RealTime;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Plugins at real sockets.
@Timeout(60)
class DeviceRegistrationTest {
  private static final String CARD = "example.com/card";

  @TempDir private Path folder;
  private final RealTime executor = new RealTime();
  private final BlockingQueue<Boolean> changes = new LinkedBlockingQueue<>();
  private final UnixSockets sockets = new UnixSockets(executor);
  private KubeletFolder kubelet;
  private DevicePlugins plugins;
  private DeviceRegistration registration;

  @BeforeEach
  void begin() throws Exception {
    begin(Duration.ofSeconds(20));
  }

  /// @param patience with a plugin that is asked
  private void begin(Duration patience) throws Exception {
    kubelet = new KubeletFolder(folder.resolve("kubelet"));
    plugins =
        new DevicePlugins(
            folder.resolve("devices.json"),
            InstantSource.system(),
            executor,
            _ -> {},
            () -> changes.add(true));
    registration = new DeviceRegistration(kubelet, sockets, plugins, executor, patience);
    registration.begin();
  }

  @AfterEach
  void end() {
    registration.close();
    sockets.close();
    executor.shutdownNow();
  }

  private void await(BooleanSupplier holds) throws InterruptedException {
    while (!holds.getAsBoolean()) {
      assertThat(changes.poll(20, TimeUnit.SECONDS)).as("a change").isTrue();
    }
  }

  private void awaitCount(int capacity, int allocatable) throws InterruptedException {
    DevicePlugins.Count wanted = new DevicePlugins.Count(capacity, allocatable);
    await(() -> wanted.equals(plugins.counts().get(CARD)));
  }

  private Path socket(String name) {
    return kubelet.devicePlugins().resolve(name);
  }

  private void register(String version, String resource, String endpoint) throws Exception {
    try (SocketConnection connection = sockets.connect(socket("kubelet.sock"))) {
      var unused =
          RegistrationGrpc.newBlockingStub(connection.channel())
              .withDeadlineAfter(20, TimeUnit.SECONDS)
              .register(
                  RegisterRequest.newBuilder()
                      .setVersion(version)
                      .setResourceName(resource)
                      .setEndpoint(endpoint)
                      .build());
    }
  }

  /// Answers as it is told, or not at all.
  private static final class Cards extends DevicePluginGrpc.DevicePluginImplBase {
    private volatile @Nullable StreamObserver<ListAndWatchResponse> watcher;
    private volatile boolean hangs;
    private volatile @Nullable Runnable onAllocate;

    @Override
    public void getDevicePluginOptions(Empty request, StreamObserver<DevicePluginOptions> answer) {
      answer.onNext(
          DevicePluginOptions.newBuilder()
              .setPreStartRequired(true)
              .setGetPreferredAllocationAvailable(true)
              .build());
      answer.onCompleted();
    }

    @Override
    public void listAndWatch(Empty request, StreamObserver<ListAndWatchResponse> answer) {
      watcher = answer;
      show("Healthy", "Healthy");
    }

    void show(String first, String second) {
      StreamObserver<ListAndWatchResponse> to = watcher;
      if (to != null) {
        to.onNext(
            ListAndWatchResponse.newBuilder()
                .addDevices(Device.newBuilder().setID("1").setHealth(first))
                .addDevices(Device.newBuilder().setID("2").setHealth(second))
                .build());
      }
    }

    @Override
    public void getPreferredAllocation(
        PreferredAllocationRequest request, StreamObserver<PreferredAllocationResponse> answer) {
      answer.onNext(
          PreferredAllocationResponse.newBuilder()
              .addContainerResponses(
                  ContainerPreferredAllocationResponse.newBuilder().addDeviceIDs("2"))
              .build());
      answer.onCompleted();
    }

    @Override
    public void allocate(AllocateRequest request, StreamObserver<AllocateResponse> answer) {
      Runnable first = onAllocate;
      if (first != null) {
        first.run();
      }
      if (hangs) {
        return;
      }
      answer.onNext(
          AllocateResponse.newBuilder()
              .addContainerResponses(
                  ContainerAllocateResponse.newBuilder()
                      .putEnvs("CARD", request.getContainerRequests(0).getDevicesIds(0))
                      .putAnnotations("card", "yes")
                      .addMounts(
                          Mount.newBuilder()
                              .setContainerPath("/c")
                              .setHostPath("/h")
                              .setReadOnly(true))
                      .addDevices(
                          DeviceSpec.newBuilder()
                              .setContainerPath("/dev/c")
                              .setHostPath("/dev/h")
                              .setPermissions("rw"))
                      .addCdiDevices(CDIDevice.newBuilder().setName("example.com/card=1")))
              .build());
      answer.onCompleted();
    }

    @Override
    public void preStartContainer(
        PreStartContainerRequest request, StreamObserver<PreStartContainerResponse> answer) {
      answer.onError(Status.INTERNAL.withDescription("too hot").asException());
    }
  }

  private DevicePlugin asked() {
    return plugins.plugin(CARD).orElseThrow();
  }

  @Test
  void aPluginRegistersAndIsUnderstood() throws Exception {
    Cards cards = new Cards();
    try (SocketServer _ = sockets.listen(socket("card.sock"), List.of(cards))) {
      register("v1beta1", CARD, "card.sock");
      awaitCount(2, 2);
      cards.show("Healthy", "Unhealthy");
      awaitCount(2, 1);
      DevicePlugin plugin = asked();
      assertThat(plugin.options()).isEqualTo(new DevicePlugin.Options(true, true));
      assertThat(plugin.prefer(List.of("1", "2"), List.of(), 1)).containsExactly("2");
      assertThat(plugin.allocate(List.of("1")))
          .isEqualTo(
              new Allocation(
                  Map.of("CARD", "1"),
                  List.of(new Allocation.Mounted("/c", "/h", true)),
                  List.of(new Allocation.Node("/dev/c", "/dev/h", "rw")),
                  Map.of("card", "yes"),
                  List.of("example.com/card=1")));
      assertThatThrownBy(() -> plugin.preStart(List.of("1")))
          .hasMessage("rpc error: code = Internal desc = too hot");
    }
    awaitCount(2, 0);
  }

  @Test
  void aPluginThatHangsOrEndsHoldsNobodyUp() throws Exception {
    registration.close();
    begin(Duration.ofSeconds(2));
    Cards cards = new Cards();
    try (SocketServer server = sockets.listen(socket("card.sock"), List.of(cards))) {
      register("v1beta1", CARD, "card.sock");
      awaitCount(2, 2);
      DevicePlugin plugin = asked();
      cards.hangs = true;
      assertThatThrownBy(() -> plugin.allocate(List.of("1")))
          .hasMessage("rpc error: code = DeadlineExceeded desc = context deadline exceeded");
      cards.onAllocate = server::close;
      assertThatThrownBy(() -> plugin.allocate(List.of("1")))
          .hasMessageStartingWith("rpc error: code = Unavailable desc = ");
    }
    awaitCount(2, 0);
  }

  @Test
  void whatComesAgainIsTakenAgain() throws Exception {
    Cards second = new Cards();
    try (SocketServer _ = sockets.listen(socket("2.sock"), List.of(second))) {
      try (SocketServer _ = sockets.listen(socket("1.sock"), List.of(new Cards()))) {
        register("v1beta1", CARD, "1.sock");
        awaitCount(2, 2);
        register("v1beta1", CARD, "2.sock");
        await(() -> second.watcher != null);
        second.show("Unhealthy", "Healthy");
        awaitCount(2, 1);
      }
      second.show("Healthy", "Healthy");
      awaitCount(2, 2);
    }
  }

  @Test
  void whoIsNotUnderstoodIsTold() {
    assertThatThrownBy(() -> register("v1alpha1", CARD, "card.sock"))
        .isInstanceOf(StatusRuntimeException.class)
        .hasMessageContaining("requested API version \"v1alpha1\" is not supported by kubelet");
    assertThatThrownBy(() -> register("v1beta1", "card", "card.sock"))
        .hasMessageContaining("the ResourceName \"card\" is invalid");
    assertThatThrownBy(() -> register("v1beta1", CARD, "../../other.sock"))
        .hasMessageContaining("is no socket beside kubelet.sock");
  }

  @Test
  void aSocketOfAnEarlierLifeGivesWay() throws Exception {
    registration.close();
    Files.writeString(socket("note"), "stays");
    try (ServerSocketChannel left = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      left.bind(UnixDomainSocketAddress.of(socket("left.sock")));
    }
    assertThat(socket("left.sock")).exists();
    begin();
    assertThat(socket("left.sock")).doesNotExist();
    assertThat(socket("note")).exists();
    assertThat(socket("kubelet.sock")).exists();
  }

  @Test
  void aPluginComesByItsOwnSocket() throws Exception {
    Path socket = kubelet.registry().resolve("card.sock");
    Plugin plugin = new Plugin("DevicePlugin", CARD, socket, socket, List.of("v1beta1"));
    try (SocketServer _ = sockets.listen(socket, List.of(new Cards()))) {
      registration.check(plugin);
      registration.register(plugin);
      awaitCount(2, 2);
      registration.forget(plugin);
      awaitCount(2, 0);
    }
    assertThatThrownBy(
            () ->
                registration.check(new Plugin("DevicePlugin", CARD, socket, socket, List.of("v2"))))
        .isInstanceOf(PluginRefusedException.class);
  }
}
