// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.addresses.Ranges;
import dev.havn.apiserver.certificates.Authority;
import dev.havn.apiserver.http.BodyStream;
import dev.havn.apiserver.http.ByteDuplex;
import dev.havn.apiserver.http.Credential;
import dev.havn.apiserver.http.Handler;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.Response;
import dev.havn.apiserver.http.WebSocket;
import dev.havn.controllers.Controllers;
import dev.havn.controllers.volumes.Disks;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informers;
import dev.havn.server.loopback.LoopbackFactory;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;

/// A cluster whose controllers can be treated badly: killed after any of their writes, sent away
/// from the lead, refused, left without an answer, and given their work in any order. The cluster's
/// own controllers do nothing; nodes and scheduler are as always.
final class ControllersBench implements AutoCloseable {
  private static final String UNKNOWN = "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":";
  private static final Config LOOPBACK =
      new ConfigBuilder(Config.empty())
          .withMasterUrl("http://loopback/")
          .withRequestRetryBackoffLimit(0)
          .build();
  static final String AUTHORITY = "the authority's certificate";
  private static final KubernetesSerialization SERIALIZATION = new KubernetesSerialization();

  private final EmbeddedCluster cluster = EmbeddedCluster.start(1);
  private final Api api = new Api(cluster.client());
  private final Authority authority;
  private final MemoryDisks disks = new MemoryDisks();
  private final Random random = new Random(0);
  private final AnyOrder order = new AnyOrder(cluster.time(), random);
  private Life life;

  /// @param folder for the keys of the authority that signs certificates
  ControllersBench(Path folder) {
    try {
      authority = Authority.open(folder, cluster.time(), new SecureRandom());
    } catch (IOException e) {
      throw new UncheckedIOException("keys in " + folder, e);
    }
    takeTheLead();
    life = new Life();
    settle();
  }

  KubernetesClient client() {
    return cluster.client();
  }

  /// With all rights, as nobody treats it badly.
  Api api() {
    return api;
  }

  void seed(long seed) {
    random.setSeed(seed);
  }

  void settle() {
    cluster.settle();
  }

  void advance(Duration duration) {
    cluster.advance(duration);
  }

  Instant now() {
    return cluster.now();
  }

  /// The machine sleeps, and the controllers begin anew when it wakes.
  void sleep(Duration duration) {
    cluster.jump(duration);
    renew();
    restart();
  }

  /// Folders on the disk of the one node.
  Set<String> folders() {
    return disks.folders;
  }

  /// The cluster's own controllers stay away for longer than any test lasts.
  private void takeTheLead() {
    renew();
    advance(Duration.ofSeconds(30));
  }

  private void renew() {
    client()
        .leases()
        .inNamespace("kube-system")
        .withName("kube-controller-manager")
        .edit(
            lease -> {
              lease.getSpec().setHolderIdentity("bench");
              lease.getSpec().setLeaseDurationSeconds(1_000_000_000);
              lease.getSpec().setRenewTime(cluster.now().atZone(ZoneOffset.UTC));
              return lease;
            });
  }

  /// From the write after the next `writes` on nothing that the controllers ask for is done.
  void killAfter(int writes) {
    life.deadAfter = writes;
  }

  /// Whether the controllers were killed and have not begun anew.
  boolean isDead() {
    return life.deadAfter < 0;
  }

  void restart() {
    life.close();
    life = new Life();
    settle();
  }

  void lead(boolean leads) {
    life.controllers.lead(leads);
    settle();
  }

  /// The next writes are refused because what they change has changed.
  void refuse(int writes) {
    life.refused = writes;
  }

  /// The next writes are done and not answered.
  void loseAnswers(int writes) {
    life.unanswered = writes;
  }

  /// Nothing bad happens any more. Those who live go on as they are: what they have missed they
  /// must find out without a new beginning.
  void heal() {
    if (isDead()) {
      restart();
    }
    life.deadAfter = Integer.MAX_VALUE;
    life.refused = 0;
    life.unanswered = 0;
    lead(true);
  }

  @Override
  public void close() {
    life.close();
    cluster.close();
  }

  /// Controllers from their start to their end.
  private final class Life implements Handler, AutoCloseable {
    private int deadAfter = Integer.MAX_VALUE;
    private int refused;
    private int unanswered;
    private final Informers informers = new Informers(api("system:kube-controller-manager"), order);
    private final Controllers controllers =
        new Controllers(
            new Controllers.Settings(
                account -> api("system:serviceaccount:kube-system:" + account),
                api("system:kube-controller-manager"),
                AUTHORITY,
                (namespace, account, uid, secret) ->
                    String.join("/", namespace, account, uid, secret),
                Ranges.parse("10.244.0.0/16"),
                new AuthoritySigner(
                    authority::requests, authority.certificate().getNotAfter().toInstant()),
                disks,
                Controllers.Features.USUAL,
                Controllers.Options.USUAL,
                cluster.time(),
                order),
            informers);

    private Api api(String user) {
      List<String> groups =
          user.startsWith("system:serviceaccount:")
              ? List.of("system:serviceaccounts", "system:serviceaccounts:kube-system")
              : List.of();
      LoopbackFactory transport =
          new LoopbackFactory(this, new Credential.Loopback(user, groups), cluster.time());
      return new Api(
          transport.newBuilder().tag(LOOPBACK.getRequestConfig()).build(),
          LOOPBACK.getMasterUrl(),
          SERIALIZATION);
    }

    /// Reviews and events change nothing that matters.
    private static boolean isWrite(Request request) {
      return !request.method().equals("GET")
          && !request.path().endsWith("/events")
          && !request.path().contains("/authorization.k8s.io");
    }

    @Override
    public void handle(Request request, Response response) {
      if (deadAfter < 0) {
        answer(response, 503, "ServiceUnavailable", "dead");
      } else if (!isWrite(request)) {
        cluster.handler().handle(request, response);
      } else if (deadAfter-- <= 0) {
        answer(response, 503, "ServiceUnavailable", "dead");
      } else if (refused > 0) {
        refused--;
        boolean makes = request.method().equals("POST");
        answer(response, makes ? 503 : 409, makes ? "ServiceUnavailable" : "Conflict", "refused");
      } else if (unanswered > 0) {
        unanswered--;
        cluster.handler().handle(request, new Ignored());
        answer(response, 503, "ServiceUnavailable", "no answer");
      } else {
        cluster.handler().handle(request, response);
      }
    }

    private static void answer(Response response, int code, String reason, String message) {
      String status =
          UNKNOWN
              + "\"Failure\",\"message\":\"%s\",\"reason\":\"%s\",\"code\":%d}"
                  .formatted(message, reason, code);
      response.send(
          code,
          new Headers().set("Content-Type", "application/json"),
          List.of(ByteBuffer.wrap(status.getBytes(StandardCharsets.UTF_8))));
    }

    @Override
    public void close() {
      deadAfter = -1;
      controllers.close();
      informers.close();
    }
  }

  /// Who asked never hears.
  private record Ignored() implements Response {
    @Override
    public void send(int status, Headers headers, List<ByteBuffer> body) {}

    @Override
    public BodyStream stream(int status, Headers headers) {
      throw new AssertionError("no write is answered bit by bit");
    }

    @Override
    public WebSocket acceptWebSocket(String subprotocol) {
      throw new AssertionError("no write is a connection");
    }

    @Override
    public ByteDuplex acceptUpgrade(String protocol, Headers headers) {
      throw new AssertionError("no write is a connection");
    }
  }

  private static final class MemoryDisks implements Disks {
    private final Set<String> folders = new TreeSet<>();

    @Override
    public List<String> nodes() {
      return List.of("havn");
    }

    @Override
    public String path(String node, String name) {
      return "/" + name;
    }

    @Override
    public void create(String node, String name) {
      folders.add(name);
    }

    @Override
    public void delete(String node, String name) {
      folders.remove(name);
    }
  }
}
