// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Grpc;
import io.grpc.HandlerRegistry;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerMethodDefinition;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A probe asks by the socket that its node gives it.
@Timeout(30)
class GrpcHealthTest {
  private static final Duration LIMIT = Duration.ofSeconds(10);
  private static final byte[] SERVING = {8, 1};

  private static final MethodDescriptor.Marshaller<byte[]> BYTES =
      new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(byte[] value) {
          return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
          try {
            return stream.readAllBytes();
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        }
      };

  /// Who has asked.
  private final List<Object> seen = new CopyOnWriteArrayList<>();

  private final class Answers extends HandlerRegistry {
    @Override
    public @Nullable ServerMethodDefinition<?, ?> lookupMethod(
        String name, @Nullable String authority) {
      MethodDescriptor<byte[], byte[]> method =
          MethodDescriptor.<byte[], byte[]>newBuilder()
              .setType(MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(name)
              .setRequestMarshaller(BYTES)
              .setResponseMarshaller(BYTES)
              .build();
      return ServerMethodDefinition.create(
          method,
          (call, _) -> {
            seen.add(
                Objects.requireNonNull(call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR)));
            call.request(1);
            return answer(call);
          });
    }
  }

  private static ServerCall.Listener<byte[]> answer(ServerCall<byte[], byte[]> call) {
    return new ServerCall.Listener<>() {
      @Override
      public void onHalfClose() {
        call.sendHeaders(new Metadata());
        call.sendMessage(SERVING);
        call.close(Status.OK, new Metadata());
      }
    };
  }

  /// Bound to an address, by which it is told from others.
  private static SocketChannel socket() throws IOException {
    return SocketChannel.open().bind(new InetSocketAddress("127.0.0.9", 0));
  }

  @Test
  void aServerThatServesIsAskedByTheSocketThatIsGiven() throws IOException {
    Server server =
        NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
            .fallbackHandlerRegistry(new Answers())
            .build()
            .start();
    try {
      InetSocketAddress at = new InetSocketAddress("127.0.0.1", server.getPort());
      assertThat(GrpcHealth.check(socket(), at, "", LIMIT))
          .isEqualTo(new ProbeRun.Result(true, "service healthy"));
      assertThat(seen).hasSize(1).allMatch(each -> each.toString().startsWith("/127.0.0.9:"));
    } finally {
      server.shutdownNow();
    }
  }

  @Test
  void whereNobodyListensTheProbeFailsAndTheSocketIsClosed() throws IOException {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      port = free.getLocalPort();
    }
    SocketChannel socket = socket();
    ProbeRun.Result result =
        GrpcHealth.check(socket, new InetSocketAddress("127.0.0.1", port), "", LIMIT);
    assertThat(result.success()).isFalse();
    assertThat(result.message()).contains("Connection refused");
    assertThat(socket.isOpen()).isFalse();
  }
}
