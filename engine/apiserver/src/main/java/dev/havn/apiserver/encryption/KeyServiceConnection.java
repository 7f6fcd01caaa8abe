// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.encryption;

import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// gRPC to a key service behind a Unix socket.
final class KeyServiceConnection {
  private static final Logger LOG = LoggerFactory.getLogger(KeyServiceConnection.class);
  private static final String SERVICE = "v2.KeyManagementService/";
  private static final Duration ASK_KEY_EVERY = Duration.ofMinutes(1);

  private final Duration timeout;
  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final ManagedChannel channel;
  private final InstantSource clock;
  private long askedMillis;
  private @Nullable String keyId;

  KeyServiceConnection(String socket, Duration timeout, InstantSource clock) {
    this.clock = clock;
    this.timeout = timeout;
    this.channel =
        NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(socket))
            .channelType(NioDomainSocketChannel.class, UnixDomainSocketAddress.class)
            .eventLoopGroup(loops)
            .overrideAuthority("localhost")
            .usePlaintext()
            .build();
  }

  /// The key that the service encrypts with; asked at most once a minute. A service that does not
  /// answer has the key that it had.
  synchronized String keyId() throws InvalidProtocolBufferException {
    long now = clock.millis();
    @Nullable String known = keyId;
    if (known != null && now - askedMillis < ASK_KEY_EVERY.toMillis()) {
      return known;
    }
    askedMillis = now;
    try {
      String fresh = status().keyId();
      keyId = fresh;
      return fresh;
    } catch (StatusRuntimeException e) {
      if (known == null) {
        throw e;
      }
      LOG.warn("the key service does not answer: {}", e.getMessage());
      return known;
    }
  }

  private KeyServiceMessages.Status status() throws InvalidProtocolBufferException {
    byte[] answer = call("Status", new byte[0]);
    KeyServiceMessages.Status status = read(() -> KeyServiceMessages.status(answer));
    if (!status.health().equals("ok")) {
      throw Status.UNAVAILABLE.withDescription("not well: " + status.health()).asRuntimeException();
    }
    return status;
  }

  KeyServiceMessages.Encrypted encrypt(byte[] seed) throws InvalidProtocolBufferException {
    byte[] answer = call("Encrypt", KeyServiceMessages.encryptRequest(seed, uid()));
    return read(() -> KeyServiceMessages.encryptResponse(answer));
  }

  byte[] decrypt(KeyServiceMessages.Encrypted encrypted) throws InvalidProtocolBufferException {
    byte[] answer = call("Decrypt", KeyServiceMessages.decryptRequest(encrypted, uid()));
    return read(() -> KeyServiceMessages.decryptResponse(answer));
  }

  private static String uid() {
    return UUID.randomUUID().toString();
  }

  private interface Reading<T> {
    T read() throws IOException;
  }

  private static <T> T read(Reading<T> reading) throws InvalidProtocolBufferException {
    try {
      return reading.read();
    } catch (InvalidProtocolBufferException e) {
      throw e;
    } catch (IOException e) {
      throw new InvalidProtocolBufferException(e);
    }
  }

  private byte[] call(String method, byte[] request) {
    MethodDescriptor<byte[], byte[]> descriptor =
        MethodDescriptor.<byte[], byte[]>newBuilder()
            .setType(MethodDescriptor.MethodType.UNARY)
            .setFullMethodName(SERVICE + method)
            .setRequestMarshaller(new Bytes())
            .setResponseMarshaller(new Bytes())
            .build();
    return ClientCalls.blockingUnaryCall(
        channel,
        descriptor,
        CallOptions.DEFAULT.withDeadlineAfter(timeout.toMillis(), TimeUnit.MILLISECONDS),
        request);
  }

  /// Messages are bytes here.
  private record Bytes() implements MethodDescriptor.Marshaller<byte[]> {
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
  }

  void close() {
    channel.shutdownNow();
    var unused = loops.shutdownGracefully();
  }
}
