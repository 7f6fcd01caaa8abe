// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.plugin;

import dev.havn.node.protocol.registration.InfoRequest;
import dev.havn.node.protocol.registration.PluginInfo;
import dev.havn.node.protocol.registration.RegistrationGrpc;
import dev.havn.node.protocol.registration.RegistrationStatus;
import dev.havn.node.protocol.registration.RegistrationStatusResponse;
import dev.havn.node.rpc.SocketServer;
import dev.havn.node.rpc.UnixSockets;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/// A plugin that makes itself known at a socket of its own.
public final class TestPlugin implements AutoCloseable {
  private final PluginInfo info;
  private final List<RegistrationStatus> told = new CopyOnWriteArrayList<>();
  private final SocketServer server;

  public TestPlugin(UnixSockets sockets, Path socket, PluginInfo info) throws IOException {
    this.info = info;
    this.server = sockets.listen(socket, List.of(new Service()));
  }

  /// What the node has said to it.
  public List<RegistrationStatus> told() {
    return told;
  }

  private final class Service extends RegistrationGrpc.RegistrationImplBase {
    @Override
    public void getInfo(InfoRequest request, StreamObserver<PluginInfo> answer) {
      answer.onNext(info);
      answer.onCompleted();
    }

    @Override
    public void notifyRegistrationStatus(
        RegistrationStatus status, StreamObserver<RegistrationStatusResponse> answer) {
      told.add(status);
      answer.onNext(RegistrationStatusResponse.getDefaultInstance());
      answer.onCompleted();
    }
  }

  @Override
  public void close() {
    server.close();
  }
}
