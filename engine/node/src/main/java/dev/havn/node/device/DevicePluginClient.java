// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.device;

import dev.havn.node.protocol.deviceplugin.AllocateRequest;
import dev.havn.node.protocol.deviceplugin.AllocateResponse;
import dev.havn.node.protocol.deviceplugin.CDIDevice;
import dev.havn.node.protocol.deviceplugin.ContainerAllocateRequest;
import dev.havn.node.protocol.deviceplugin.ContainerAllocateResponse;
import dev.havn.node.protocol.deviceplugin.ContainerPreferredAllocationRequest;
import dev.havn.node.protocol.deviceplugin.Device;
import dev.havn.node.protocol.deviceplugin.DevicePluginGrpc;
import dev.havn.node.protocol.deviceplugin.DevicePluginGrpc.DevicePluginBlockingStub;
import dev.havn.node.protocol.deviceplugin.DevicePluginOptions;
import dev.havn.node.protocol.deviceplugin.Empty;
import dev.havn.node.protocol.deviceplugin.NUMANode;
import dev.havn.node.protocol.deviceplugin.PreStartContainerRequest;
import dev.havn.node.protocol.deviceplugin.PreferredAllocationRequest;
import dev.havn.node.protocol.deviceplugin.PreferredAllocationResponse;
import dev.havn.node.rpc.GoStatus;
import dev.havn.node.rpc.SocketConnection;
import dev.havn.node.rpc.UnixSockets;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/// A device plugin at its socket.
final class DevicePluginClient implements DevicePlugin {
  private static final int CONNECT_SECONDS = 10;

  /// A kubelet waits for ever for an allocation, and so do all pods behind it.
  static final Duration TIMEOUT = Duration.ofSeconds(30);

  private static final String HEALTHY = "Healthy";

  private final SocketConnection connection;
  private final DevicePluginBlockingStub stub;
  private final Duration timeout;
  private final AtomicBoolean closed = new AtomicBoolean();

  private DevicePluginClient(SocketConnection connection, Duration timeout) {
    this.connection = connection;
    this.timeout = timeout;
    this.stub = DevicePluginGrpc.newBlockingStub(connection.channel());
  }

  static DevicePluginClient at(Path socket, UnixSockets sockets, Duration timeout)
      throws PluginException {
    try {
      return new DevicePluginClient(sockets.connect(socket), timeout);
    } catch (IOException e) {
      throw new PluginException("failed to dial device plugin: " + e.getMessage(), e);
    }
  }

  private interface Call<T> {
    T run();
  }

  private static <T> T call(Call<T> call) throws PluginException {
    try {
      return call.run();
    } catch (StatusRuntimeException e) {
      throw new PluginException(GoStatus.words(e), e);
    }
  }

  private DevicePluginBlockingStub soon() {
    return stub.withDeadlineAfter(timeout.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Override
  public Options options() throws PluginException {
    DevicePluginOptions options =
        call(
            () ->
                stub.withWaitForReady()
                    .withDeadlineAfter(CONNECT_SECONDS, TimeUnit.SECONDS)
                    .getDevicePluginOptions(Empty.getDefaultInstance()));
    return new Options(options.getPreStartRequired(), options.getGetPreferredAllocationAvailable());
  }

  @Override
  public void follow(Consumer<List<OfferedDevice>> seen) throws PluginException {
    boolean unused =
        call(
            () -> {
              stub.listAndWatch(Empty.getDefaultInstance())
                  .forEachRemaining(
                      list ->
                          seen.accept(
                              list.getDevicesList().stream()
                                  .map(DevicePluginClient::device)
                                  .toList()));
              return true;
            });
  }

  private static OfferedDevice device(Device device) {
    return new OfferedDevice(
        device.getID(),
        device.getHealth().equals(HEALTHY),
        device.getTopology().getNodesList().stream().map(NUMANode::getID).toList());
  }

  @Override
  public Allocation allocate(List<String> ids) throws PluginException {
    AllocateRequest request =
        AllocateRequest.newBuilder()
            .addContainerRequests(ContainerAllocateRequest.newBuilder().addAllDevicesIds(ids))
            .build();
    AllocateResponse response = call(() -> soon().allocate(request));
    if (response.getContainerResponsesCount() == 0) {
      throw new PluginException("no containers return in allocation response " + response, null);
    }
    return allocation(response.getContainerResponses(0));
  }

  private static Allocation allocation(ContainerAllocateResponse given) {
    return new Allocation(
        given.getEnvsMap(),
        given.getMountsList().stream()
            .map(
                each ->
                    new Allocation.Mounted(
                        each.getContainerPath(), each.getHostPath(), each.getReadOnly()))
            .toList(),
        given.getDevicesList().stream()
            .map(
                each ->
                    new Allocation.Node(
                        each.getContainerPath(), each.getHostPath(), each.getPermissions()))
            .toList(),
        given.getAnnotationsMap(),
        given.getCdiDevicesList().stream().map(CDIDevice::getName).toList());
  }

  @Override
  public List<String> prefer(List<String> available, List<String> mustInclude, int size)
      throws PluginException {
    PreferredAllocationRequest request =
        PreferredAllocationRequest.newBuilder()
            .addContainerRequests(
                ContainerPreferredAllocationRequest.newBuilder()
                    .addAllAvailableDeviceIDs(available)
                    .addAllMustIncludeDeviceIDs(mustInclude)
                    .setAllocationSize(size))
            .build();
    PreferredAllocationResponse response = call(() -> soon().getPreferredAllocation(request));
    return response.getContainerResponsesCount() == 0
        ? List.of()
        : List.copyOf(response.getContainerResponses(0).getDeviceIDsList());
  }

  @Override
  public void preStart(List<String> ids) throws PluginException {
    PreStartContainerRequest request =
        PreStartContainerRequest.newBuilder().addAllDevicesIds(ids).build();
    var unused = call(() -> soon().preStartContainer(request));
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      connection.close();
    }
  }
}
