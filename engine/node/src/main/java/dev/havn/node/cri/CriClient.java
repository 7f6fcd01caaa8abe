// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.cri;

import dev.havn.node.protocol.cri.Cri;
import dev.havn.node.protocol.cri.ImageServiceGrpc;
import dev.havn.node.protocol.cri.ImageServiceGrpc.ImageServiceBlockingStub;
import dev.havn.node.protocol.cri.RuntimeServiceGrpc;
import dev.havn.node.protocol.cri.RuntimeServiceGrpc.RuntimeServiceBlockingStub;
import dev.havn.node.rpc.SocketConnection;
import dev.havn.node.rpc.UnixSockets;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/// Calls to a container runtime at its socket. Blocking, each within a time; for many threads. It
/// connects with the first call, and anew when the runtime came back.
public final class CriClient implements AutoCloseable {
  /// A kubelet's `runtimeRequestTimeout`.
  public static final Duration WITHIN = Duration.ofMinutes(2);

  /// Of all containers of a node, and of 16 MiB each that a command may say to both outputs.
  private static final int MESSAGE_BYTES_MAX = 36 << 20;

  private final Path socket;
  private final UnixSockets sockets;
  private final SocketConnection connection;
  private final RuntimeServiceBlockingStub runtime;
  private final ImageServiceBlockingStub images;
  private final Cri.VersionResponse version;

  private CriClient(Path socket, UnixSockets sockets) throws IOException {
    this.socket = socket;
    this.sockets = sockets;
    this.connection = sockets.connect(socket, MESSAGE_BYTES_MAX);
    this.runtime = RuntimeServiceGrpc.newBlockingStub(connection.channel());
    this.images = ImageServiceGrpc.newBlockingStub(connection.channel());
    this.version = greet();
  }

  /// Finds out who listens.
  ///
  /// @throws IOException says what to install or to change
  public static CriClient connect(Path socket, Executor executor) throws IOException {
    if (!Files.exists(socket)) {
      throw new IOException(
          "there is no socket %s: install a CRI runtime and start it (apt-get install containerd containernetworking-plugins; systemctl start containerd), or name the socket of another as containerRuntimeEndpoint in the file that kubelet-config names"
              .formatted(socket));
    }
    UnixSockets sockets = new UnixSockets(executor);
    try {
      return new CriClient(socket, sockets);
    } catch (IOException | RuntimeException e) {
      sockets.close();
      throw e;
    }
  }

  private Cri.VersionResponse greet() throws IOException {
    try {
      Cri.VersionResponse answer =
          ask(stub -> stub.version(Cri.VersionRequest.newBuilder().setVersion("0.1.0").build()));
      if (!answer.getRuntimeApiVersion().startsWith("v1") || isOld(answer)) {
        throw new IOException(
            "%s %s at %s speaks CRI %s, not v1: install containerd 1.6, CRI-O 1.23 or newer"
                .formatted(
                    answer.getRuntimeName(),
                    answer.getRuntimeVersion(),
                    socket,
                    answer.getRuntimeApiVersion()));
      }
      return answer;
    } catch (CriException e) {
      connection.close();
      throw new IOException(
          e.isUnimplemented()
              ? "who listens at %s does not speak CRI v1 (%s): install containerd 1.6, CRI-O 1.23 or newer, and take \"cri\" out of disabled_plugins in /etc/containerd/config.toml"
                  .formatted(socket, e.description())
              : "nobody answers at %s (%s): start the runtime (systemctl start containerd), and look why it does not run (journalctl -u containerd)"
                  .formatted(socket, e.description()),
          e);
    }
  }

  private static boolean isOld(Cri.VersionResponse answer) {
    return answer.getRuntimeApiVersion().startsWith("v1alpha");
  }

  /// Name and version of the runtime, as `status.nodeInfo.containerRuntimeVersion` has it.
  public String version() {
    return version.getRuntimeName() + "://" + version.getRuntimeVersion();
  }

  public Path socket() {
    return socket;
  }

  /// Who could not connect waits longer each time; this ends the wait.
  public void tryAgain() {
    connection.channel().resetConnectBackoff();
  }

  /// @throws CriException when the runtime refuses, or does not answer in time
  public <T> T ask(Function<RuntimeServiceBlockingStub, T> call) {
    return ask(WITHIN, call);
  }

  /// @throws CriException when the runtime refuses, or does not answer in time
  public <T> T ask(Duration within, Function<RuntimeServiceBlockingStub, T> call) {
    try {
      return call.apply(runtime.withDeadlineAfter(within.toMillis(), TimeUnit.MILLISECONDS));
    } catch (StatusRuntimeException e) {
      throw new CriException(e);
    }
  }

  /// @throws CriException when the runtime refuses, or does not answer in time
  public <T> T askForImages(Duration within, Function<ImageServiceBlockingStub, T> call) {
    try {
      return call.apply(images.withDeadlineAfter(within.toMillis(), TimeUnit.MILLISECONDS));
    } catch (StatusRuntimeException e) {
      throw new CriException(e);
    }
  }

  @Override
  public void close() {
    connection.close();
    sockets.close();
  }
}
