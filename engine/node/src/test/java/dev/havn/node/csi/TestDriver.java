// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.csi;

import com.google.protobuf.MessageOrBuilder;
import dev.havn.node.protocol.csi.NodeExpandVolumeRequest;
import dev.havn.node.protocol.csi.NodeExpandVolumeResponse;
import dev.havn.node.protocol.csi.NodeGetCapabilitiesRequest;
import dev.havn.node.protocol.csi.NodeGetCapabilitiesResponse;
import dev.havn.node.protocol.csi.NodeGetInfoRequest;
import dev.havn.node.protocol.csi.NodeGetInfoResponse;
import dev.havn.node.protocol.csi.NodeGetVolumeStatsRequest;
import dev.havn.node.protocol.csi.NodeGetVolumeStatsResponse;
import dev.havn.node.protocol.csi.NodeGrpc;
import dev.havn.node.protocol.csi.NodePublishVolumeRequest;
import dev.havn.node.protocol.csi.NodePublishVolumeResponse;
import dev.havn.node.protocol.csi.NodeServiceCapability;
import dev.havn.node.protocol.csi.NodeServiceCapability.RPC.Type;
import dev.havn.node.protocol.csi.NodeStageVolumeRequest;
import dev.havn.node.protocol.csi.NodeStageVolumeResponse;
import dev.havn.node.protocol.csi.NodeUnpublishVolumeRequest;
import dev.havn.node.protocol.csi.NodeUnpublishVolumeResponse;
import dev.havn.node.protocol.csi.NodeUnstageVolumeRequest;
import dev.havn.node.protocol.csi.NodeUnstageVolumeResponse;
import dev.havn.node.protocol.csi.Topology;
import dev.havn.node.protocol.csi.VolumeUsage;
import dev.havn.node.rpc.SocketServer;
import dev.havn.node.rpc.UnixSockets;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/// The node's half of a driver, whose volumes are folders with a file `data`. It does what the test
/// tells it to.
final class TestDriver implements AutoCloseable {
  static final String NAME = "disks.example";

  /// No answer at all.
  static final Status HANGS = Status.DATA_LOSS.withDescription("hangs");

  private final UnixSockets sockets;
  private final Path socket;
  private final List<MessageOrBuilder> asked = new CopyOnWriteArrayList<>();
  private final Map<Class<?>, Status> failures = new ConcurrentHashMap<>();
  Set<Type> capabilities = EnumSet.of(Type.STAGE_UNSTAGE_VOLUME, Type.EXPAND_VOLUME);
  NodeGetInfoResponse info =
      NodeGetInfoResponse.newBuilder()
          .setNodeId("rock-1")
          .setMaxVolumesPerNode(7)
          .setAccessibleTopology(Topology.newBuilder().putSegments("disks.example/zone", "a"))
          .build();
  private SocketServer server;

  TestDriver(UnixSockets sockets, Path socket) throws IOException {
    this.sockets = sockets;
    this.socket = socket;
    start();
  }

  void start() throws IOException {
    server = sockets.listen(socket, List.of(new Service()));
  }

  /// Answers a kind of request so, until told otherwise.
  void fail(Class<?> request, Status status) {
    failures.put(request, status);
  }

  void mend() {
    failures.clear();
  }

  /// What it was asked, without what changes nothing.
  List<MessageOrBuilder> asked() {
    return asked;
  }

  <T> List<T> asked(Class<T> type) {
    List<T> found = new ArrayList<>();
    asked.stream().filter(type::isInstance).forEach(each -> found.add(type.cast(each)));
    return found;
  }

  /// What it was asked, by the name of the request.
  List<String> calls() {
    return asked.stream()
        .map(each -> each.getClass().getSimpleName().replaceAll("^Node|VolumeRequest$", ""))
        .toList();
  }

  private interface Work {
    void run() throws IOException;
  }

  private <T> void answer(
      MessageOrBuilder request, T response, StreamObserver<T> observer, Work work) {
    asked.add(request);
    Status failure = failures.get(request.getClass());
    if (failure == HANGS) {
      return;
    }
    if (failure != null) {
      observer.onError(failure.asRuntimeException());
      return;
    }
    try {
      work.run();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    observer.onNext(response);
    observer.onCompleted();
  }

  private final class Service extends NodeGrpc.NodeImplBase {
    @Override
    public void nodeGetInfo(
        NodeGetInfoRequest request, StreamObserver<NodeGetInfoResponse> observer) {
      observer.onNext(info);
      observer.onCompleted();
    }

    @Override
    public void nodeGetCapabilities(
        NodeGetCapabilitiesRequest request, StreamObserver<NodeGetCapabilitiesResponse> observer) {
      NodeGetCapabilitiesResponse.Builder all = NodeGetCapabilitiesResponse.newBuilder();
      capabilities.forEach(
          each ->
              all.addCapabilities(
                  NodeServiceCapability.newBuilder()
                      .setRpc(NodeServiceCapability.RPC.newBuilder().setType(each))));
      observer.onNext(all.build());
      observer.onCompleted();
    }

    @Override
    public void nodeStageVolume(
        NodeStageVolumeRequest request, StreamObserver<NodeStageVolumeResponse> observer) {
      answer(request, NodeStageVolumeResponse.getDefaultInstance(), observer, () -> {});
    }

    @Override
    public void nodeUnstageVolume(
        NodeUnstageVolumeRequest request, StreamObserver<NodeUnstageVolumeResponse> observer) {
      answer(request, NodeUnstageVolumeResponse.getDefaultInstance(), observer, () -> {});
    }

    @Override
    public void nodePublishVolume(
        NodePublishVolumeRequest request, StreamObserver<NodePublishVolumeResponse> observer) {
      Path target = Path.of(request.getTargetPath());
      answer(
          request,
          NodePublishVolumeResponse.getDefaultInstance(),
          observer,
          () -> {
            if (request.getVolumeCapability().hasBlock()) {
              Files.writeString(target, "device");
            } else {
              Files.createDirectories(target);
              Files.writeString(target.resolve("data"), request.getVolumeId());
            }
          });
    }

    @Override
    public void nodeUnpublishVolume(
        NodeUnpublishVolumeRequest request, StreamObserver<NodeUnpublishVolumeResponse> observer) {
      Path target = Path.of(request.getTargetPath());
      answer(
          request,
          NodeUnpublishVolumeResponse.getDefaultInstance(),
          observer,
          () -> {
            if (Files.isDirectory(target)) {
              Files.deleteIfExists(target.resolve("data"));
            }
            Files.deleteIfExists(target);
          });
    }

    @Override
    public void nodeGetVolumeStats(
        NodeGetVolumeStatsRequest request, StreamObserver<NodeGetVolumeStatsResponse> observer) {
      VolumeUsage.Builder usage =
          VolumeUsage.newBuilder().setAvailable(60).setTotal(100).setUsed(40);
      answer(
          request,
          NodeGetVolumeStatsResponse.newBuilder()
              .addUsage(usage.setUnit(VolumeUsage.Unit.BYTES))
              .build(),
          observer,
          () -> {});
    }

    @Override
    public void nodeExpandVolume(
        NodeExpandVolumeRequest request, StreamObserver<NodeExpandVolumeResponse> observer) {
      answer(request, NodeExpandVolumeResponse.getDefaultInstance(), observer, () -> {});
    }
  }

  @Override
  public void close() {
    server.close();
  }
}
