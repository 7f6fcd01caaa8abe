// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.claim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.node.device.PluginException;
import dev.havn.node.protocol.dra.DRAPluginGrpc;
import dev.havn.node.protocol.dra.Device;
import dev.havn.node.protocol.dra.NodePrepareResourceResponse;
import dev.havn.node.protocol.dra.NodePrepareResourcesRequest;
import dev.havn.node.protocol.dra.NodePrepareResourcesResponse;
import dev.havn.node.protocol.dra.NodeUnprepareResourceResponse;
import dev.havn.node.protocol.dra.NodeUnprepareResourcesRequest;
import dev.havn.node.protocol.dra.NodeUnprepareResourcesResponse;
import dev.havn.node.protocol.drahealth.DRAResourceHealthGrpc;
import dev.havn.node.protocol.drahealth.DeviceHealth;
import dev.havn.node.protocol.drahealth.DeviceIdentifier;
import dev.havn.node.protocol.drahealth.HealthStatus;
import dev.havn.node.protocol.drahealth.NodeWatchResourcesRequest;
import dev.havn.node.protocol.drahealth.NodeWatchResourcesResponse;
import dev.havn.node.rpc.SocketConnection;
import dev.havn.node.rpc.SocketServer;
import dev.havn.node.rpc.UnixSockets;
import dev.havn.reconcile.RealTime;
import io.grpc.BindableService;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Drivers at real sockets.
@Timeout(60)
class DriverClientTest {
  private static final Driver.Claim CLAIM = new Driver.Claim("default", "u", "gpu");

  @TempDir private Path folder;
  private final RealTime executor = new RealTime();
  private final UnixSockets sockets = new UnixSockets(executor);

  @AfterEach
  void end() {
    sockets.close();
    executor.shutdownNow();
  }

  private static void prepare(
      NodePrepareResourcesRequest request, StreamObserver<NodePrepareResourcesResponse> answer) {
    NodePrepareResourcesResponse.Builder all = NodePrepareResourcesResponse.newBuilder();
    request
        .getClaimsList()
        .forEach(
            each ->
                all.putClaims(
                    each.getUid(),
                    NodePrepareResourceResponse.newBuilder()
                        .addDevices(
                            Device.newBuilder()
                                .addRequestNames("a")
                                .setPoolName("pool")
                                .setDeviceName(each.getNamespace() + "/" + each.getName())
                                .addCdiDeviceIds("example.com/gpu=1")
                                .setShareId("s"))
                        .build()));
    answer.onNext(all.build());
    answer.onCompleted();
  }

  private static void unprepare(
      NodeUnprepareResourcesRequest request,
      StreamObserver<NodeUnprepareResourcesResponse> answer) {
    answer.onNext(
        NodeUnprepareResourcesResponse.newBuilder()
            .putClaims(
                request.getClaims(0).getUid(),
                NodeUnprepareResourceResponse.newBuilder().setError("busy").build())
            .build());
    answer.onCompleted();
  }

  private static final class Current extends DRAPluginGrpc.DRAPluginImplBase {
    @Override
    public void nodePrepareResources(
        NodePrepareResourcesRequest request, StreamObserver<NodePrepareResourcesResponse> answer) {
      prepare(request, answer);
    }

    @Override
    public void nodeUnprepareResources(
        NodeUnprepareResourcesRequest request,
        StreamObserver<NodeUnprepareResourcesResponse> answer) {
      unprepare(request, answer);
    }
  }

  private static final class Beta
      extends dev.havn.node.protocol.dra.v1beta1.DRAPluginGrpc.DRAPluginImplBase {
    @Override
    public void nodePrepareResources(
        NodePrepareResourcesRequest request, StreamObserver<NodePrepareResourcesResponse> answer) {
      prepare(request, answer);
    }

    @Override
    public void nodeUnprepareResources(
        NodeUnprepareResourcesRequest request,
        StreamObserver<NodeUnprepareResourcesResponse> answer) {
      unprepare(request, answer);
    }
  }

  private void speaks(BindableService service, String version) throws Exception {
    Path socket = folder.resolve("dra.sock");
    try (SocketServer _ = sockets.listen(socket, List.of(service));
        DriverClient driver = new DriverClient(sockets.connect(socket), version)) {
      assertThat(driver.prepare(List.of(CLAIM)))
          .isEqualTo(
              Map.of(
                  "u",
                  new Driver.Answer(
                      List.of(
                          new PreparedDevice(
                              List.of("a"),
                              "pool",
                              "default/gpu",
                              List.of("example.com/gpu=1"),
                              "s")),
                      "")));
      assertThat(driver.unprepare(List.of(CLAIM))).isEqualTo(Map.of("u", "busy"));
    }
  }

  @Test
  void bothVersionsAreSpoken() throws Exception {
    speaks(new Current(), "v1.DRAPlugin");
    speaks(new Beta(), "v1beta1.DRAPlugin");
  }

  @Test
  void whetherADriverIsThereIsKnownWithoutAskingIt() throws Exception {
    Path socket = folder.resolve("dra.sock");
    Semaphore changes = new Semaphore(0);
    SocketServer server = sockets.listen(socket, List.of(new Current()));
    try (SocketConnection connection = sockets.connect(socket);
        DriverClient driver = new DriverClient(connection, "v1.DRAPlugin")) {
      driver.onConnection(changes::release);
      while (!driver.isConnected()) {
        assertThat(changes.tryAcquire(20, TimeUnit.SECONDS)).as("it connects").isTrue();
      }
      server.close();
      while (driver.isConnected()) {
        assertThat(changes.tryAcquire(20, TimeUnit.SECONDS)).as("it hears the end").isTrue();
      }
      assertThatThrownBy(() -> driver.prepare(List.of(CLAIM)))
          .isInstanceOf(PluginException.class)
          .hasMessageStartingWith("rpc error: code = Unavailable desc = ");
    }
  }

  private static final class Thermometer extends DRAResourceHealthGrpc.DRAResourceHealthImplBase {
    @Override
    public void nodeWatchResources(
        NodeWatchResourcesRequest request, StreamObserver<NodeWatchResourcesResponse> answer) {
      answer.onNext(
          NodeWatchResourcesResponse.newBuilder()
              .addDevices(
                  DeviceHealth.newBuilder()
                      .setDevice(DeviceIdentifier.newBuilder().setPoolName("p").setDeviceName("d"))
                      .setHealth(HealthStatus.UNHEALTHY)
                      .setHealthCheckTimeoutSeconds(7)
                      .setMessage("hot".repeat(400)))
              .build());
      answer.onCompleted();
    }
  }

  @Test
  void aDriverMayTellHowItsDevicesAre() throws Exception {
    Path socket = folder.resolve("dra.sock");
    List<Health> told = new ArrayList<>();
    try (SocketServer _ = sockets.listen(socket, List.of(new Current(), new Thermometer()));
        DriverClient driver = new DriverClient(sockets.connect(socket), "v1.DRAPlugin")) {
      assertThat(driver.follow(told::addAll)).isTrue();
    }
    assertThat(told)
        .singleElement()
        .matches(each -> each.state().equals("Unhealthy") && each.message().length() == 1_024)
        .matches(each -> each.timeout().equals(Duration.ofSeconds(7)));
    try (SocketServer _ = sockets.listen(socket, List.of(new Current()));
        DriverClient driver = new DriverClient(sockets.connect(socket), "v1.DRAPlugin")) {
      assertThat(driver.follow(told::addAll)).isFalse();
    }
  }
}
