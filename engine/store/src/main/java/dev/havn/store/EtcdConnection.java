// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.ListenableFuture;
import com.google.common.util.concurrent.MoreExecutors;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.LeaseGrpc;
import io.etcd.jetcd.api.WatchGrpc;
import io.grpc.Attributes;
import io.grpc.ChannelCredentials;
import io.grpc.EquivalentAddressGroup;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.NameResolver;
import io.grpc.Status;
import io.grpc.StatusOr;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The connections to the members of an etcd, and its errors in our words.
///
/// Requests go to all members that can be reached in turn; each says by itself when it has no
/// leader. Nothing is asked twice here: whether that is safe only the caller knows.
final class EtcdConnection implements AutoCloseable {
  /// How long one answer may take.
  static final Duration ANSWER_WITHIN = Duration.ofSeconds(5);

  private static final Duration ASK_ALIVE_EVERY = Duration.ofSeconds(10);
  private static final Duration ALIVE_WITHIN = Duration.ofSeconds(3);
  private static final Metadata.Key<String> HAS_LEADER =
      Metadata.Key.of("hasleader", Metadata.ASCII_STRING_MARSHALLER);

  private final EtcdSettings settings;
  private final ManagedChannel channel;

  EtcdConnection(EtcdSettings settings, Executor executor) {
    this.settings = settings;
    this.channel = channel(settings, executor);
  }

  @SuppressWarnings("deprecation") // the way to give one channel addresses without a registry
  private static ManagedChannel channel(EtcdSettings settings, Executor executor) {
    return NettyChannelBuilder.forTarget("etcd:///", credentials(settings))
        .nameResolverFactory(new Members(settings.endpoints()))
        .defaultLoadBalancingPolicy("round_robin")
        .maxInboundMessageSize(Integer.MAX_VALUE)
        .keepAliveTime(ASK_ALIVE_EVERY.toMillis(), TimeUnit.MILLISECONDS)
        .keepAliveTimeout(ALIVE_WITHIN.toMillis(), TimeUnit.MILLISECONDS)
        .executor(executor)
        .build();
  }

  private static ChannelCredentials credentials(EtcdSettings settings) {
    if (!settings.isEncrypted()) {
      return InsecureChannelCredentials.create();
    }
    TlsChannelCredentials.Builder tls = TlsChannelCredentials.newBuilder();
    try {
      if (settings.authority() != null) {
        tls.trustManager(settings.authority().toFile());
      }
      if (settings.certificate() != null && settings.key() != null) {
        tls.keyManager(settings.certificate().toFile(), settings.key().toFile());
      }
      return tls.build();
    } catch (IOException | IllegalArgumentException e) {
      throw new StoreException(
          "the certificates for etcd cannot be used (authority %s, certificate %s, key %s): %s"
              .formatted(
                  settings.authority(), settings.certificate(), settings.key(), e.getMessage()),
          e);
    }
  }

  /// Answers with the members of an etcd as they were given; their names are looked up again
  /// whenever a connection is lost.
  @SuppressWarnings("deprecation") // the way to give one channel addresses without a registry
  private static final class Members extends NameResolver.Factory {
    private final List<URI> endpoints;

    Members(List<URI> endpoints) {
      this.endpoints = endpoints;
    }

    @Override
    public NameResolver newNameResolver(URI target, NameResolver.Args arguments) {
      return new Resolver(endpoints);
    }

    @Override
    public String getDefaultScheme() {
      return "etcd";
    }
  }

  private static final class Resolver extends NameResolver {
    private final List<URI> endpoints;
    private @Nullable Listener2 listener;

    Resolver(List<URI> endpoints) {
      this.endpoints = endpoints;
    }

    @Override
    public String getServiceAuthority() {
      return endpoints.getFirst().getAuthority();
    }

    @Override
    public void start(Listener2 listening) {
      listener = listening;
      refresh();
    }

    @Override
    public void refresh() {
      if (listener != null) {
        listener.onResult(
            ResolutionResult.newBuilder()
                .setAddressesOrError(
                    StatusOr.fromValue(endpoints.stream().map(Resolver::group).toList()))
                .build());
      }
    }

    private static EquivalentAddressGroup group(URI uri) {
      return new EquivalentAddressGroup(
          new InetSocketAddress(uri.getHost(), uri.getPort()),
          Attributes.newBuilder()
              .set(EquivalentAddressGroup.ATTR_AUTHORITY_OVERRIDE, uri.getAuthority())
              .build());
    }

    @Override
    public void shutdown() {
      listener = null;
    }
  }

  /// For requests whose answer is waited for.
  KVGrpc.KVFutureStub keys() {
    return KVGrpc.newFutureStub(channel)
        .withDeadlineAfter(ANSWER_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
  }

  LeaseGrpc.LeaseFutureStub leases() {
    return LeaseGrpc.newFutureStub(channel)
        .withDeadlineAfter(ANSWER_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
  }

  LeaseGrpc.LeaseStub leaseStreams() {
    return LeaseGrpc.newStub(channel)
        .withDeadlineAfter(ANSWER_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
  }

  /// Ends when the member it is with loses its leader.
  WatchGrpc.WatchStub watches() {
    Metadata headers = new Metadata();
    headers.put(HAS_LEADER, "true");
    return WatchGrpc.newStub(channel)
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  static <T> CompletableFuture<T> completable(ListenableFuture<T> answer) {
    CompletableFuture<T> completable = new CompletableFuture<>();
    answer.addListener(
        () -> {
          try {
            completable.complete(Futures.getDone(answer));
          } catch (ExecutionException e) {
            completable.completeExceptionally(e.getCause() == null ? e : e.getCause());
          } catch (CancellationException e) {
            completable.completeExceptionally(e);
          }
        },
        MoreExecutors.directExecutor());
    return completable;
  }

  /// Waits for an answer.
  ///
  /// @param what was asked for, for the message
  /// @throws StoreException when there is none
  <T> T await(String what, Future<T> answer) {
    try {
      return answer.get(ANSWER_WITHIN.toMillis() + 1_000, TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw failed(what, e.getCause() == null ? e : e.getCause());
    } catch (TimeoutException e) {
      boolean unused = answer.cancel(true);
      throw failed(what, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failed(what, e);
    }
  }

  /// What went wrong, in one line.
  StoreException failed(String what, Throwable cause) {
    if (cause instanceof StoreException known) {
      return known;
    }
    if (cause instanceof CompletionException && cause.getCause() != null) {
      return failed(what, cause.getCause());
    }
    if (cause instanceof StatusRuntimeException e) {
      Status.Code code = e.getStatus().getCode();
      String said = String.valueOf(e.getStatus().getDescription());
      if (code == Status.Code.INVALID_ARGUMENT && said.contains("request is too large")) {
        return new StoreException(
            StoreException.Kind.TOO_LARGE,
            "etcd refuses " + what + ": " + said + "; its --max-request-bytes allows more",
            e);
      }
      if (code == Status.Code.RESOURCE_EXHAUSTED) {
        return new StoreException(
            "etcd takes no more (" + said + "): free space in it, or allow it more", e);
      }
      return unreachable(what, code + ": " + reason(e.getStatus()), e);
    }
    return unreachable(what, cause.toString(), cause);
  }

  private static String reason(Status status) {
    @Nullable Throwable cause = status.getCause();
    String said = String.valueOf(status.getDescription());
    return cause == null ? said : said + ": " + cause.getMessage();
  }

  private StoreException unreachable(String what, String why, Throwable cause) {
    return new StoreException(
        StoreException.Kind.UNREACHABLE,
        "etcd at %s does not answer (%s, %s)".formatted(addresses(), what, why),
        cause);
  }

  String addresses() {
    return settings.endpoints().stream().map(URI::toString).collect(Collectors.joining(","));
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }
}
