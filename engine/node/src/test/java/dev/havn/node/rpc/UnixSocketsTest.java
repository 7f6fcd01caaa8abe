// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.node.protocol.registration.InfoRequest;
import dev.havn.node.protocol.registration.PluginInfo;
import dev.havn.node.protocol.registration.RegistrationGrpc;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnixSocketsTest {
  @TempDir private Path folder;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final UnixSockets sockets = new UnixSockets(threads);

  private static final class Named extends RegistrationGrpc.RegistrationImplBase {
    private final String name;

    Named(String name) {
      this.name = name;
    }

    @Override
    public void getInfo(InfoRequest request, StreamObserver<PluginInfo> answer) {
      answer.onNext(PluginInfo.newBuilder().setName(name).build());
      answer.onCompleted();
    }
  }

  @AfterEach
  void end() {
    sockets.close();
    threads.shutdownNow();
  }

  private SocketServer server(Path socket, String name) throws IOException {
    return sockets.listen(socket, List.of(new Named(name)));
  }

  private static String ask(SocketConnection connection) {
    return stub(connection).getInfo(InfoRequest.getDefaultInstance()).getName();
  }

  private static RegistrationGrpc.RegistrationBlockingStub stub(SocketConnection connection) {
    return RegistrationGrpc.newBlockingStub(connection.channel())
        .withDeadlineAfter(30, TimeUnit.SECONDS);
  }

  @Test
  void aChannelFindsTheListenerThatCameInTheFirstOnesPlace() throws IOException {
    Path socket = folder.resolve("in/a/folder/s");
    SocketServer first = server(socket, "first");
    try (SocketConnection connection = sockets.connect(socket)) {
      assertThat(ask(connection)).isEqualTo("first");
      first.close();
      assertThat(Files.exists(socket)).isFalse();
      assertThatThrownBy(() -> ask(connection))
          .isInstanceOfSatisfying(
              StatusRuntimeException.class,
              e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE));
      try (SocketServer second = server(socket, "second")) {
        assertThat(second.socket()).isEqualTo(socket);
        connection.channel().resetConnectBackoff();
        assertThat(
                stub(connection)
                    .withWaitForReady()
                    .getInfo(InfoRequest.getDefaultInstance())
                    .getName())
            .isEqualTo("second");
      }
    }
  }

  @Test
  void aSocketWhosePathIsTooLongForTheKernelIsReachedByItsFolder() throws IOException {
    Path socket = folder.resolve("a-long-name-".repeat(12)).resolve("plugin.sock");
    try (SocketServer server = server(socket, "far")) {
      assertThat(Files.exists(server.socket())).isTrue();
      try (SocketConnection connection = sockets.connect(socket)) {
        assertThat(ask(connection)).isEqualTo("far");
      }
    }
    assertThat(Files.exists(socket)).isFalse();
  }

  @Test
  void whatASocketWasLeftByAKilledListenerIsReplaced() throws IOException {
    Path socket = folder.resolve("s");
    Files.createFile(socket);
    try (SocketServer server = server(socket, "new");
        SocketConnection connection = sockets.connect(server.socket())) {
      assertThat(ask(connection)).isEqualTo("new");
    }
  }
}
