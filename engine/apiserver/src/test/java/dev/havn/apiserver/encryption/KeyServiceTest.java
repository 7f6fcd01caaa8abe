// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.encryption;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A key service of the test's own, whose encryption is to turn bytes around.
class KeyServiceTest {
  private static final byte[] VALUE = "hunter2".getBytes(StandardCharsets.UTF_8);
  private static final byte[] CONTEXT = "/registry/x".getBytes(StandardCharsets.UTF_8);

  @TempDir private Path folder;
  private final AtomicLong now = new AtomicLong(1_000_000);
  private final AtomicInteger decrypts = new AtomicInteger();
  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private volatile String keyId = "one";
  private Server server;

  @BeforeEach
  void start() throws IOException {
    server =
        NettyServerBuilder.forAddress(UnixDomainSocketAddress.of(folder.resolve("s")))
            .channelType(NioServerDomainSocketChannel.class)
            .bossEventLoopGroup(loops)
            .workerEventLoopGroup(loops)
            .addService(
                ServerServiceDefinition.builder("v2.KeyManagementService")
                    .addMethod(method("Status"), ServerCalls.asyncUnaryCall(this::status))
                    .addMethod(method("Encrypt"), ServerCalls.asyncUnaryCall(this::encrypt))
                    .addMethod(method("Decrypt"), ServerCalls.asyncUnaryCall(this::decrypt))
                    .build())
            .build()
            .start();
  }

  @AfterEach
  void stop() {
    server.shutdownNow();
    loops.shutdownGracefully();
  }

  private KeyService service() {
    return new KeyService(
        "k8s:enc:kms:v2:test:",
        folder.resolve("s").toString(),
        Duration.ofSeconds(10),
        () -> java.time.Instant.ofEpochMilli(now.get()),
        new SecureRandom());
  }

  @Test
  void aValueComesBackThroughAnotherServerThatAsksForTheSeedOnce() throws GeneralSecurityException {
    KeyService writer = service();
    byte[] first = writer.encrypt(VALUE, CONTEXT);
    byte[] second = writer.encrypt(VALUE, CONTEXT);
    assertThat(first).isNotEqualTo(second);
    assertThat(new String(first, StandardCharsets.ISO_8859_1)).doesNotContain("hunter2");
    assertThat(writer.decrypt(first, CONTEXT).value()).isEqualTo(VALUE);
    assertThat(decrypts).hasValue(0);
    KeyService reader = service();
    assertThat(reader.decrypt(first, CONTEXT).value()).isEqualTo(VALUE);
    assertThat(reader.decrypt(second, CONTEXT).value()).isEqualTo(VALUE);
    assertThat(reader.decrypt(second, CONTEXT).by()).isEqualTo("k8s:enc:kms:v2:test:one");
    assertThat(decrypts).hasValue(1);
    assertThatThrownBy(() -> reader.decrypt(first, VALUE))
        .isInstanceOf(GeneralSecurityException.class);
    writer.close();
    reader.close();
  }

  @Test
  void whenTheServiceHasAnotherKeyWhatWasWrittenWithTheFirstIsOutOfDate()
      throws GeneralSecurityException {
    KeyService service = service();
    byte[] old = service.encrypt(VALUE, CONTEXT);
    String by = service.by();
    keyId = "two";
    assertThat(service.by()).isEqualTo(by);
    now.addAndGet(Duration.ofMinutes(1).toMillis());
    assertThat(service.by()).isEqualTo("k8s:enc:kms:v2:test:two");
    assertThat(service.decrypt(old, CONTEXT).value()).isEqualTo(VALUE);
    assertThat(service.decrypt(old, CONTEXT).by()).isEqualTo(by);
    service.close();
  }

  @Test
  void withoutTheServiceWritesGoOnWithTheSeedThatIsHereAndAStrangeSeedCannotBeRead()
      throws GeneralSecurityException {
    KeyService service = service();
    byte[] old = service.encrypt(VALUE, CONTEXT);
    server.shutdownNow();
    now.addAndGet(Duration.ofMinutes(2).toMillis());
    byte[] kept = service.encrypt(VALUE, CONTEXT);
    assertThat(service.decrypt(kept, CONTEXT).value()).isEqualTo(VALUE);
    KeyService other = service();
    assertThatThrownBy(() -> other.decrypt(old, CONTEXT))
        .isInstanceOf(GeneralSecurityException.class)
        .hasMessageContaining("the key service does not answer");
    service.close();
    other.close();
  }

  private void status(byte[] request, io.grpc.stub.StreamObserver<byte[]> answer) {
    answer(
        answer,
        out -> {
          out.writeString(1, "v2");
          out.writeString(2, "ok");
          out.writeString(3, keyId);
        });
  }

  private void encrypt(byte[] request, io.grpc.stub.StreamObserver<byte[]> answer) {
    answer(
        answer,
        out -> {
          out.writeByteArray(1, reversed(first(request)));
          out.writeString(2, keyId);
        });
  }

  private void decrypt(byte[] request, io.grpc.stub.StreamObserver<byte[]> answer) {
    decrypts.incrementAndGet();
    answer(answer, out -> out.writeByteArray(1, reversed(first(request))));
  }

  private interface Fields {
    void writeTo(CodedOutputStream out) throws IOException;
  }

  private static void answer(io.grpc.stub.StreamObserver<byte[]> answer, Fields fields) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      CodedOutputStream out = CodedOutputStream.newInstance(bytes);
      fields.writeTo(out);
      out.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    answer.onNext(bytes.toByteArray());
    answer.onCompleted();
  }

  private static byte[] first(byte[] request) throws IOException {
    CodedInputStream in = CodedInputStream.newInstance(request);
    assertThat(in.readTag()).isEqualTo(1 << 3 | 2);
    return in.readByteArray();
  }

  private static byte[] reversed(byte[] bytes) {
    byte[] reversed = new byte[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      reversed[i] = bytes[bytes.length - 1 - i];
    }
    return reversed;
  }

  private static MethodDescriptor<byte[], byte[]> method(String name) {
    MethodDescriptor.Marshaller<byte[]> marshaller =
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
    return MethodDescriptor.<byte[], byte[]>newBuilder()
        .setType(MethodDescriptor.MethodType.UNARY)
        .setFullMethodName("v2.KeyManagementService/" + name)
        .setRequestMarshaller(marshaller)
        .setResponseMarshaller(marshaller)
        .build();
  }
}
