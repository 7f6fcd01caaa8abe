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
import dev.havn.reconcile.LeaderElection;
import dev.havn.scheduler.Scheduler;
import dev.havn.server.loopback.LoopbackFactory;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;

/// A cluster whose controllers, or whose scheduler, can be treated badly: killed after any of their
/// writes, sent away from the lead, refused, left without an answer, and given their work in any
/// order; what watches tell a scheduler comes in any order with that. The cluster's own part of
/// that kind does nothing; all else is as always.
final class ControlPlaneBench implements AutoCloseable {
  private static final String UNKNOWN = "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":";
  private static final Config LOOPBACK =
      new ConfigBuilder(Config.empty())
          .withMasterUrl("http://loopback/")
          .withRequestRetryBackoffLimit(0)
          .build();
  static final String AUTHORITY = "the authority's certificate";
  private static final KubernetesSerialization SERIALIZATION = new KubernetesSerialization();

  private final Part part;
  private final EmbeddedCluster cluster;
  private final Api api;
  private final Authority authority;
  private final MemoryDisks disks = new MemoryDisks();
  private final Random random = new Random(0);
  private final AnyOrder order;
  private Life life;

  /// Who is treated badly.
  enum Part {
    CONTROLLERS(
        """
        feature-gates: StorageVersionAPI=true
        runtime-config: internal.apiserver.k8s.io/v1alpha1=true
        """),
    SCHEDULER("scheduler: 'off'");

    private final String configuration;

    Part(String configuration) {
      this.configuration = configuration;
    }
  }

  /// What does the work of a part, and how it ends.
  private record Work(LeaderElection.Listener lead, Runnable end) {}

  /// @param folder for its configuration and the keys of the authority that signs certificates
  ControlPlaneBench(Path folder, Part part) {
    this.part = part;
    try {
      Path file = Files.writeString(folder.resolve(part + ".yaml"), part.configuration);
      this.cluster = EmbeddedCluster.start(1, usual -> ConfigurationFile.read(file, usual));
      this.authority = Authority.open(folder, cluster.time(), new SecureRandom());
    } catch (IOException e) {
      throw new UncheckedIOException("files in " + folder, e);
    }
    this.api = new Api(cluster.client());
    this.order = new AnyOrder(cluster.time(), random);
    if (part == Part.CONTROLLERS) {
      takeTheLead();
    }
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

  /// The machine sleeps, and the controllers, who are the ones treated badly, begin anew when it
  /// wakes.
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

  /// From the write after the next `writes` on nothing that they ask for is done.
  void killAfter(int writes) {
    life.deadAfter = writes;
  }

  /// Whether they were killed and have not begun anew.
  boolean isDead() {
    return life.deadAfter < 0;
  }

  void restart() {
    life.close();
    life = new Life();
    settle();
  }

  void lead(boolean leads) {
    life.work.lead().leads(leads);
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

  /// The part from its start to its end.
  private final class Life implements Handler, AutoCloseable {
    private int deadAfter = Integer.MAX_VALUE;
    private int refused;
    private int unanswered;
    private final Informers informers = new Informers(api(user()), order);
    private final Work work =
        switch (part) {
          case CONTROLLERS -> controllers();
          case SCHEDULER -> scheduler();
        };

    private String user() {
      return switch (part) {
        case CONTROLLERS -> "system:kube-controller-manager";
        case SCHEDULER -> "system:kube-scheduler";
      };
    }

    private Work controllers() {
      Controllers controllers =
          new Controllers(
              new Controllers.Settings(
                  account -> api("system:serviceaccount:kube-system:" + account),
                  api(user()),
                  AUTHORITY,
                  (namespace, account, uid, secret) ->
                      String.join("/", namespace, account, uid, secret),
                  Ranges.parse("10.244.0.0/16"),
                  new AuthoritySigner(
                      authority::requests, authority.certificate().getNotAfter().toInstant()),
                  disks,
                  new Controllers.Features(false, true),
                  Controllers.Options.USUAL,
                  cluster.time(),
                  order),
              informers);
      return new Work(controllers::lead, controllers::close);
    }

    private Work scheduler() {
      Scheduler scheduler = new Scheduler(informers, api(user()), cluster.time(), order);
      scheduler.lead(true);
      return new Work(scheduler::lead, scheduler::close);
    }

    private Api api(String user) {
      List<String> groups =
          user.startsWith("system:serviceaccount:")
              ? List.of("system:serviceaccounts", "system:serviceaccounts:kube-system")
              : List.of();
      LoopbackFactory transport =
          new LoopbackFactory(
              this,
              new Credential.Loopback(user, groups),
              part == Part.SCHEDULER ? order : cluster.time());
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
      work.end().run();
      informers.close();
    }
  }

  /// Who asked never hears.
  record Ignored() implements Response {
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
