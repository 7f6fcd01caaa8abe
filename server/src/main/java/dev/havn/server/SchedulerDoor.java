// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.apiserver.Health;
import dev.havn.apiserver.MetricsText;
import dev.havn.apiserver.authentication.ClientCertificates;
import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.apiserver.certificates.Authority;
import dev.havn.apiserver.certificates.Pem;
import dev.havn.apiserver.certificates.SelfSigned;
import dev.havn.apiserver.http.DoorLimits;
import dev.havn.apiserver.http.Handler;
import dev.havn.apiserver.http.HttpsDoor;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.Response;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.reconcile.Api;
import dev.havn.scheduler.Scheduler;
import dev.havn.server.StandaloneScheduler.Serving;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What a scheduler in a process of its own tells of itself, as kube-scheduler does: whether it is
/// well to everybody, what it has done to whom its cluster's API lets.
record SchedulerDoor(ReviewedAccess access, Health health, Scheduler scheduler, Instant started)
    implements Handler {
  private static final Logger LOG = LoggerFactory.getLogger(SchedulerDoor.class);
  private static final String TEXT = "text/plain; charset=utf-8";
  private static final String METRICS = "text/plain; version=0.0.4; charset=utf-8";
  private static final Set<String> FREE = Set.of("/healthz", "/livez", "/readyz");
  private static final String FIGURES = "/metrics";
  private static final String SLIS = "/metrics/slis";
  private static final String MASTERS = "system:masters";

  /// What the API said about a token or a right, as with kube-scheduler.
  static final Duration ANSWERS_COUNT_FOR = Duration.ofSeconds(10);

  private static final String AUTHORITIES =
      "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication";

  /// What is told of.
  ///
  /// @param leading what is looked at where it stands for election
  /// @param stopping whether it is to end
  record Subject(Scheduler scheduler, List<Health.Check> leading, BooleanSupplier stopping) {
    private Health health() {
      List<Health.Check> live = List.of(new Health.Check("ping", () -> true));
      List<Health.Check> ready = new ArrayList<>(leading);
      ready.add(new Health.Check("shutdown", () -> !stopping.getAsBoolean()));
      ready.add(new Health.Check("sched-handler-sync", scheduler::hasSynced));
      return new Health(
          Map.of("healthz", leading.isEmpty() ? live : leading, "livez", live, "readyz", ready));
    }
  }

  /// Listens, with the certificate that it is given or one of its own.
  ///
  /// @throws IOException when the address cannot be had; the message says which
  /// @throws StartException when the certificate is of no use
  static HttpsDoor open(
      Serving serving,
      Api api,
      Subject subject,
      InstantSource clock,
      ScheduledExecutorService executor)
      throws IOException {
    SecureRandom random = new SecureRandom();
    List<X509Certificate> authorities = authorities(api);
    SchedulerDoor door =
        new SchedulerDoor(
            new ReviewedAccess(
                api, new ClientCertificates(authorities, clock), ANSWERS_COUNT_FOR, clock),
            subject.health(),
            subject.scheduler(),
            clock.instant());
    @Nullable ServingFiles files = serving.files();
    @Nullable FollowedIdentity followed =
        files == null ? null : new FollowedIdentity(files, authorities, executor);
    HttpsDoor.Identity identity =
        followed == null ? ownIdentity(serving, authorities, clock, random) : followed.first();
    HttpsDoor open =
        HttpsDoor.open(
            serving.address(),
            serving.port(),
            identity,
            door,
            new HttpsDoor.Surroundings(executor, random, DoorLimits.standard()));
    if (followed != null) {
      followed.keep(open::show);
    }
    return open;
  }

  private static HttpsDoor.Identity ownIdentity(
      Serving serving, List<X509Certificate> authorities, InstantSource clock, SecureRandom random)
      throws IOException {
    List<String> addresses = new ArrayList<>(List.of("127.0.0.1"));
    InetAddress bind = InetAddress.ofLiteral(serving.address());
    if (!bind.isAnyLocalAddress() && !addresses.contains(bind.getHostAddress())) {
      addresses.add(bind.getHostAddress());
    }
    Authority.Identity identity =
        SelfSigned.server(
            "kube-scheduler", List.of("localhost"), addresses, clock.instant(), random);
    return new HttpsDoor.Identity(
        identity.keys().getPrivate(), List.of(identity.certificate()), authorities);
  }

  /// Whose clients' certificates count. Without the right to know them there are tokens.
  private static List<X509Certificate> authorities(Api api) {
    try {
      Optional<String> pem =
          api.find(AUTHORITIES).map(each -> each.at("/data/client-ca-file").asText());
      return pem.isEmpty() || pem.get().isBlank() ? List.of() : Pem.certificates(pem.get());
    } catch (Api.RefusedException | UncheckedIOException | GeneralSecurityException e) {
      LOG.info("client certificates are not taken, tokens are: {}", e.getMessage());
      return List.of();
    }
  }

  @Override
  public void handle(Request request, Response response) {
    if (!serves(health, request.path())) {
      KubeletPages.send(response, 404, TEXT, "404 page not found\n");
      return;
    }
    try {
      require(request);
      serve(request, response);
    } catch (ApiException e) {
      KubeletPages.refuse(response, e, "application/json", e.status().toString());
    } catch (Api.RefusedException e) {
      LOG.warn("nobody can be let in: {}", e.getMessage());
      ApiException refused =
          ApiException.ofCode(500, "the API server does not say who asks: " + e.getMessage());
      KubeletPages.send(response, 500, "application/json", refused.status().toString());
    }
  }

  /// Of other paths the API is asked nothing: whoever reaches the port could make up as many
  /// questions as he likes.
  static boolean serves(Health health, String path) {
    return path.equals(FIGURES) || path.equals(SLIS) || health.serves(path);
  }

  /// Who shows nothing is anonymous, and may ask what the API lets anonymous users ask. Nobody has
  /// to be asked about those who may do everything.
  private void require(Request request) {
    if (FREE.contains(request.path())) {
      return;
    }
    Optional<UserInfo> known = access.user(request);
    if (known.isEmpty() && request.headers().first("authorization") != null) {
      throw ApiException.unauthorized();
    }
    UserInfo user = known.orElse(UserInfo.ANONYMOUS);
    String verb = KubeletDoor.verb(request.method());
    if (!user.groups().contains(MASTERS) && !access.allowsPath(user, verb, request.path())) {
      throw ApiException.forbiddenPath(
          "User \"%s\" cannot %s path \"%s\"".formatted(user.name(), verb, request.path()));
    }
  }

  private void serve(Request request, Response response) {
    if (!Set.of("GET", "HEAD").contains(request.method())) {
      throw ApiException.ofCode(405, request.method() + " is not allowed, GET is");
    }
    if (health.handle(request.path(), request, response)) {
      return;
    }
    boolean all = request.path().equals(FIGURES);
    KubeletPages.send(response, 200, METRICS, all ? metrics() : health.measured());
  }

  private String metrics() {
    MetricsText text = new MetricsText();
    SchedulingMetrics.write(text, scheduler.figures());
    QueueMetrics.write(text, List.of(scheduler.counts()));
    ServerMetrics.process(text, started);
    return text.toString();
  }
}
