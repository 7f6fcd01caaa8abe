// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.proxy;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.ingress.TestKeys;
import dev.havn.ingress.routing.RoutingTable.Identity;
import dev.havn.ingress.routing.Rule;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.ServerCalls;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// HTTP/2, TLS and gRPC through the proxy.
@Timeout(60)
class Http2Test {
  private static final MethodDescriptor<String, String> ECHO = method("echo", false);
  private static final MethodDescriptor<String, String> COUNT = method("count", true);

  private Proxy proxy;

  @BeforeEach
  void open() {
    proxy = new Proxy(Limits.USUAL);
  }

  @AfterEach
  void close() {
    proxy.close();
  }

  private static MethodDescriptor<String, String> method(String name, boolean streams) {
    MethodDescriptor.Marshaller<String> text =
        new MethodDescriptor.Marshaller<>() {
          @Override
          public InputStream stream(String value) {
            return new ByteArrayInputStream(value.getBytes(UTF_8));
          }

          @Override
          public String parse(InputStream stream) {
            try {
              return new String(stream.readAllBytes(), UTF_8);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          }
        };
    return MethodDescriptor.<String, String>newBuilder()
        .setFullMethodName("test.Words/" + name)
        .setType(
            streams
                ? MethodDescriptor.MethodType.SERVER_STREAMING
                : MethodDescriptor.MethodType.UNARY)
        .setRequestMarshaller(text)
        .setResponseMarshaller(text)
        .build();
  }

  private static Server server() throws IOException {
    return NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
        .addService(
            ServerServiceDefinition.builder("test.Words")
                .addMethod(
                    ECHO,
                    ServerCalls.asyncUnaryCall(
                        (word, answers) -> {
                          if (word.equals("bad")) {
                            answers.onError(
                                Status.INVALID_ARGUMENT.withDescription("bad word").asException());
                          } else {
                            answers.onNext(word + "!");
                            answers.onCompleted();
                          }
                        }))
                .addMethod(
                    COUNT,
                    ServerCalls.asyncServerStreamingCall(
                        (word, answers) -> {
                          for (int i = 0; i < Integer.parseInt(word); i++) {
                            answers.onNext("x".repeat(1_000) + i);
                          }
                          answers.onCompleted();
                        }))
                .build())
        .build()
        .start();
  }

  @Test
  void gRpcPassesWithItsTrailersAndErrors() throws Exception {
    Server server = server();
    proxy.show(Tables.of(Tables.to("/", Rule.Protocol.H2C, server.getPort())));
    int port = proxy.open(Tables.PLAIN, "127.0.0.1", 0);
    ManagedChannel channel =
        NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
    try {
      assertThat(ClientCalls.blockingUnaryCall(channel, ECHO, CallOptions.DEFAULT, "hi"))
          .isEqualTo("hi!");
      List<String> all = new ArrayList<>();
      ClientCalls.blockingServerStreamingCall(channel, COUNT, CallOptions.DEFAULT, "2000")
          .forEachRemaining(all::add);
      assertThat(all).hasSize(2_000);
      assertThatThrownBy(
              () -> ClientCalls.blockingUnaryCall(channel, ECHO, CallOptions.DEFAULT, "bad"))
          .isInstanceOfSatisfying(
              StatusRuntimeException.class,
              e -> {
                assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
                assertThat(e.getStatus().getDescription()).isEqualTo("bad word");
              });
      Metadata headers = new Metadata();
      headers.put(Metadata.Key.of("x-any", Metadata.ASCII_STRING_MARSHALLER), "1");
      assertThat(
              ClientCalls.blockingUnaryCall(
                  io.grpc.ClientInterceptors.intercept(
                      channel, MetadataUtils.newAttachHeadersInterceptor(headers)),
                  ECHO,
                  CallOptions.DEFAULT,
                  "x".repeat(1 << 20)))
          .hasSize((1 << 20) + 1);
    } finally {
      channel.shutdownNow();
      server.shutdownNow();
    }
  }

  @Test
  void tlsShowsTheCertificateOfTheNameAndSpeaksHttp2(@TempDir Path folder) throws Exception {
    Identity identity = identity(folder, "localhost");
    try (RawBackend backend = new RawBackend(RawBackend::echoHeads);
        HttpClient client = HttpClient.newBuilder().sslContext(trusting(identity)).build()) {
      proxy.show(Tables.of(Map.of("localhost", identity), Tables.to("/", backend.port())));
      int port = proxy.open(Tables.SECURE, "127.0.0.1", 0);
      HttpRequest request =
          HttpRequest.newBuilder(URI.create("https://localhost:" + port + "/a")).build();
      List<CompletableFuture<HttpResponse<String>>> many = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        many.add(client.sendAsync(request, HttpResponse.BodyHandlers.ofString()));
      }
      for (var each : many) {
        HttpResponse<String> response = each.get();
        assertThat(response.version()).isEqualTo(HttpClient.Version.HTTP_2);
        assertThat(response.body())
            .startsWith("GET /a HTTP/1.1")
            .contains("x-forwarded-proto: https")
            .doesNotContain("x-http2");
      }
      assertThatThrownBy(() -> greet(trusting(identity), port, "other.example"))
          .isInstanceOf(IOException.class);
      greet(trusting(identity), port, "localhost");
    }
  }

  @Test
  void aCertificateThatCannotBeShownKeepsNoOtherFromBeingShown(@TempDir Path folder)
      throws Exception {
    Identity good = identity(folder, "localhost");
    Identity odd =
        new Identity(good.key(), List.of(good.chain().getFirst(), good.chain().getFirst()));
    proxy.show(Tables.of(Map.of("localhost", good, "odd.example", odd), Tables.to("/", 1)));
    int port = proxy.open(Tables.SECURE, "127.0.0.1", 0);
    greet(trusting(good), port, "localhost");
    assertThatThrownBy(() -> greet(trusting(good), port, "odd.example"))
        .isInstanceOf(IOException.class);
  }

  private static void greet(SSLContext context, int port, String name) throws IOException {
    try (Socket plain = new Socket("127.0.0.1", port);
        SSLSocket socket =
            (SSLSocket) context.getSocketFactory().createSocket(plain, "127.0.0.1", port, true)) {
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setServerNames(List.of(new SNIHostName(name)));
      socket.setSSLParameters(parameters);
      socket.startHandshake();
    } catch (SSLException e) {
      throw new IOException(e);
    }
  }

  private static SSLContext trusting(Identity identity) throws Exception {
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("it", identity.chain().getFirst());
    TrustManagerFactory managers =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    managers.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, managers.getTrustManagers(), null);
    return context;
  }

  private static Identity identity(Path folder, String name) throws Exception {
    TestKeys keys = TestKeys.of(folder, name);
    return new Identity(keys.key(), List.of(keys.certificate()));
  }
}
