// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.csi;

import dev.havn.node.protocol.csi.NodeExpandVolumeRequest;
import dev.havn.node.protocol.csi.NodeGetCapabilitiesRequest;
import dev.havn.node.protocol.csi.NodeGetInfoRequest;
import dev.havn.node.protocol.csi.NodeGetInfoResponse;
import dev.havn.node.protocol.csi.NodeGetVolumeStatsRequest;
import dev.havn.node.protocol.csi.NodeGetVolumeStatsResponse;
import dev.havn.node.protocol.csi.NodeGrpc;
import dev.havn.node.protocol.csi.NodeGrpc.NodeBlockingStub;
import dev.havn.node.protocol.csi.NodePublishVolumeRequest;
import dev.havn.node.protocol.csi.NodeServiceCapability;
import dev.havn.node.protocol.csi.NodeServiceCapability.RPC.Type;
import dev.havn.node.protocol.csi.NodeStageVolumeRequest;
import dev.havn.node.protocol.csi.NodeUnpublishVolumeRequest;
import dev.havn.node.protocol.csi.NodeUnstageVolumeRequest;
import dev.havn.node.rpc.SocketConnection;
import dev.havn.node.rpc.UnixSockets;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/// A driver that is registered, and what it is asked. Every call ends: with an answer or with the
/// time that a driver has. Each goes on a connection of its own, so that one that has started again
/// is found at once. Threads: any.
///
/// @param timeout of one call
record Driver(UnixSockets sockets, Path socket, Duration timeout) {
  private <T> T ask(Function<NodeBlockingStub, T> question) throws CsiException {
    try (SocketConnection connection = sockets.connect(socket)) {
      return question.apply(
          NodeGrpc.newBlockingStub(connection.channel())
              .withDeadlineAfter(timeout.toMillis(), TimeUnit.MILLISECONDS));
    } catch (StatusRuntimeException e) {
      throw CsiException.of(e, socket);
    } catch (IOException e) {
      throw CsiException.of(
          Status.UNAVAILABLE.withDescription("io exception").withCause(e).asRuntimeException(),
          socket);
    }
  }

  NodeGetInfoResponse info() throws CsiException {
    // One that has only just begun may not listen yet.
    return ask(
        stub -> stub.withWaitForReady().nodeGetInfo(NodeGetInfoRequest.getDefaultInstance()));
  }

  /// Asked anew each time, as it may have been replaced by another version of itself.
  Set<Type> capabilities() throws CsiException {
    Set<Type> types = EnumSet.noneOf(Type.class);
    ask(stub -> stub.nodeGetCapabilities(NodeGetCapabilitiesRequest.getDefaultInstance()))
        .getCapabilitiesList()
        .forEach(each -> add(types, each));
    return types;
  }

  private static void add(Set<Type> types, NodeServiceCapability capability) {
    if (capability.hasRpc()) {
      types.add(capability.getRpc().getType());
    }
  }

  void stage(NodeStageVolumeRequest request) throws CsiException {
    var unused = ask(stub -> stub.nodeStageVolume(request));
  }

  void publish(NodePublishVolumeRequest request) throws CsiException {
    var unused = ask(stub -> stub.nodePublishVolume(request));
  }

  void unpublish(String handle, String target) throws CsiException {
    NodeUnpublishVolumeRequest request =
        NodeUnpublishVolumeRequest.newBuilder().setVolumeId(handle).setTargetPath(target).build();
    var unused = ask(stub -> stub.nodeUnpublishVolume(request));
  }

  void unstage(String handle, String staging) throws CsiException {
    NodeUnstageVolumeRequest request =
        NodeUnstageVolumeRequest.newBuilder()
            .setVolumeId(handle)
            .setStagingTargetPath(staging)
            .build();
    var unused = ask(stub -> stub.nodeUnstageVolume(request));
  }

  void expand(NodeExpandVolumeRequest request) throws CsiException {
    var unused = ask(stub -> stub.nodeExpandVolume(request));
  }

  NodeGetVolumeStatsResponse stats(String handle, String path) throws CsiException {
    NodeGetVolumeStatsRequest request =
        NodeGetVolumeStatsRequest.newBuilder().setVolumeId(handle).setVolumePath(path).build();
    return ask(stub -> stub.nodeGetVolumeStats(request));
  }
}
