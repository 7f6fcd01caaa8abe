// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.claim;

import dev.havn.node.device.PluginException;
import dev.havn.node.protocol.dra.DRAPluginGrpc;
import dev.havn.node.protocol.dra.Device;
import dev.havn.node.protocol.dra.NodePrepareResourceResponse;
import dev.havn.node.protocol.dra.NodePrepareResourcesRequest;
import dev.havn.node.protocol.dra.NodePrepareResourcesResponse;
import dev.havn.node.protocol.dra.NodeUnprepareResourcesRequest;
import dev.havn.node.protocol.dra.NodeUnprepareResourcesResponse;
import dev.havn.node.protocol.drahealth.DRAResourceHealthGrpc;
import dev.havn.node.protocol.drahealth.DeviceHealth;
import dev.havn.node.protocol.drahealth.NodeWatchResourcesRequest;
import dev.havn.node.rpc.GoStatus;
import dev.havn.node.rpc.SocketConnection;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// A driver's plugin at its socket. Both versions of the protocol have the same messages.
final class DriverClient implements Driver {
  /// As a kubelet waits.
  private static final int CALL_SECONDS = 45;

  private static final Duration HEALTH_STANDS = Duration.ofSeconds(30);
  private static final int MESSAGE_CHARS_MAX = 1_024;
  private static final String BETA = "v1beta1.DRAPlugin";

  private final SocketConnection connection;
  private final ManagedChannel channel;
  private final boolean isBeta;
  private volatile boolean closed;

  /// @param service that it speaks, see [Drivers#service]
  DriverClient(SocketConnection connection, String service) {
    this.connection = connection;
    this.channel = connection.channel();
    this.isBeta = service.equals(BETA);
  }

  private DRAPluginGrpc.DRAPluginBlockingStub stub() {
    return DRAPluginGrpc.newBlockingStub(channel).withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS);
  }

  private dev.havn.node.protocol.dra.v1beta1.DRAPluginGrpc.DRAPluginBlockingStub beta() {
    return dev.havn.node.protocol.dra.v1beta1.DRAPluginGrpc.newBlockingStub(channel)
        .withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS);
  }

  private static dev.havn.node.protocol.dra.Claim message(Claim claim) {
    return dev.havn.node.protocol.dra.Claim.newBuilder()
        .setNamespace(claim.namespace())
        .setUid(claim.uid())
        .setName(claim.name())
        .build();
  }

  @Override
  public Map<String, Answer> prepare(List<Claim> claims) throws PluginException {
    NodePrepareResourcesRequest request =
        NodePrepareResourcesRequest.newBuilder()
            .addAllClaims(claims.stream().map(DriverClient::message).toList())
            .build();
    try {
      NodePrepareResourcesResponse response =
          isBeta ? beta().nodePrepareResources(request) : stub().nodePrepareResources(request);
      Map<String, Answer> answers = new HashMap<>();
      response.getClaimsMap().forEach((uid, answer) -> answers.put(uid, answer(answer)));
      return answers;
    } catch (StatusRuntimeException e) {
      throw new PluginException(GoStatus.words(e), e);
    }
  }

  private static Answer answer(NodePrepareResourceResponse answer) {
    return new Answer(
        answer.getDevicesList().stream().map(DriverClient::device).toList(), answer.getError());
  }

  private static PreparedDevice device(Device device) {
    return new PreparedDevice(
        List.copyOf(device.getRequestNamesList()),
        device.getPoolName(),
        device.getDeviceName(),
        List.copyOf(device.getCdiDeviceIdsList()),
        device.hasShareId() ? device.getShareId() : null);
  }

  @Override
  public Map<String, String> unprepare(List<Claim> claims) throws PluginException {
    NodeUnprepareResourcesRequest request =
        NodeUnprepareResourcesRequest.newBuilder()
            .addAllClaims(claims.stream().map(DriverClient::message).toList())
            .build();
    try {
      NodeUnprepareResourcesResponse response =
          isBeta ? beta().nodeUnprepareResources(request) : stub().nodeUnprepareResources(request);
      Map<String, String> answers = new HashMap<>();
      response.getClaimsMap().forEach((uid, answer) -> answers.put(uid, answer.getError()));
      return answers;
    } catch (StatusRuntimeException e) {
      throw new PluginException(GoStatus.words(e), e);
    }
  }

  @Override
  public boolean follow(Consumer<List<Health>> seen) throws PluginException {
    try {
      DRAResourceHealthGrpc.newBlockingStub(channel)
          .nodeWatchResources(NodeWatchResourcesRequest.getDefaultInstance())
          .forEachRemaining(
              list ->
                  seen.accept(list.getDevicesList().stream().map(DriverClient::health).toList()));
      return true;
    } catch (StatusRuntimeException e) {
      if (e.getStatus().getCode() == Status.Code.UNIMPLEMENTED) {
        return false;
      }
      throw new PluginException(GoStatus.words(e), e);
    }
  }

  private static Health health(DeviceHealth told) {
    String message = told.getMessage();
    long seconds = told.getHealthCheckTimeoutSeconds();
    return new Health(
        told.getDevice().getPoolName(),
        told.getDevice().getDeviceName(),
        switch (told.getHealth()) {
          case HEALTHY -> "Healthy";
          case UNHEALTHY -> "Unhealthy";
          case UNKNOWN, UNRECOGNIZED -> Health.UNKNOWN;
        },
        message.length() <= MESSAGE_CHARS_MAX
            ? message
            : message.substring(0, MESSAGE_CHARS_MAX - 3) + "...",
        seconds > 0 ? Duration.ofSeconds(seconds) : HEALTH_STANDS);
  }

  @Override
  public boolean isConnected() {
    return !closed && channel.getState(true) == ConnectivityState.READY;
  }

  @Override
  public void onConnection(Runnable changed) {
    // Asking for the state lets a channel connect that has nothing to say.
    ConnectivityState now = channel.getState(true);
    channel.notifyWhenStateChanged(
        now,
        () -> {
          if (!closed) {
            onConnection(changed);
            changed.run();
          }
        });
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      connection.close();
    }
  }
}
