// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.apiserver.Health;
import dev.havn.apiserver.http.HttpsDoor;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informers;
import dev.havn.reconcile.LeaderElection;
import dev.havn.reconcile.RealTime;
import dev.havn.scheduler.Scheduler;
import dev.havn.scheduler.profile.LeaderSettings;
import dev.havn.scheduler.profile.SchedulerConfiguration;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.jdkhttp.JdkHttpClientFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The scheduler as a process of its own: for any Kubernetes, also as a workload of the cluster it
/// schedules for. It stands for election at the Lease `kube-system/kube-scheduler` beside all other
/// schedulers of the cluster, of Havn or not, with the times of Kubernetes, unless its
/// configuration says otherwise.
public final class StandaloneScheduler implements AutoCloseable {
  /// How long after its lease's end a leader that hangs counts as well, as with kube-scheduler.
  private static final Duration STUCK_TOLERATED = Duration.ofSeconds(20);

  private final RealTime executor = new RealTime();
  private final KubernetesClient client;
  private final Informers informers;
  private final Scheduler scheduler;
  private final @Nullable LeaderElection election;
  private final @Nullable HttpsDoor door;
  private volatile boolean closing;

  /// Where it tells whether it is well and what it has done, over https.
  ///
  /// @param address IPv4 or IPv6
  /// @param port 0 for nowhere
  /// @param certificate the file of the certificate that it shows, or null for one of its own
  /// @param key the file of that certificate's key, or null
  public record Serving(String address, int port, @Nullable Path certificate, @Nullable Path key) {
    public static final Serving NOWHERE = new Serving("", 0);
    private static final int PORT_MAX = 65_535;

    /// With a certificate of its own.
    public Serving(String address, int port) {
      this(address, port, null, null);
    }

    /// @throws StartException when it is no address or no port, or a file is missing
    public Serving {
      @Nullable ServingFiles _ = ServingFiles.of(certificate, key);
      if (port < 0 || port > PORT_MAX) {
        throw new StartException("--secure-port " + port + " is no port: 0 to " + PORT_MAX);
      }
      if (port != 0) {
        try {
          InetAddress _ = InetAddress.ofLiteral(address);
        } catch (IllegalArgumentException e) {
          throw new StartException("--bind-address " + address + " is no IP address", e);
        }
      }
    }

    @Nullable ServingFiles files() {
      return ServingFiles.of(certificate, key);
    }
  }

  private StandaloneScheduler(
      KubernetesClient client,
      SchedulerConfiguration configuration,
      String identity,
      Serving serving) {
    this.client = client;
    Api api = new Api(client);
    Clock clock = Clock.systemUTC();
    this.informers = new Informers(api, executor);
    this.scheduler = new Scheduler(informers, api, configuration, clock, executor);
    LeaderSettings leader = configuration.leader();
    this.election =
        leader.elects() ? election(leader, identity, api, executor, scheduler::lead) : null;
    this.door = open(serving, api, clock, leading(election, leader));
    scheduler.lead(!leader.elects());
    if (election != null) {
      election.start();
    }
  }

  private static List<Health.Check> leading(
      @Nullable LeaderElection election, LeaderSettings leader) {
    return election == null
        ? List.of()
        : List.of(
            new Health.Check(
                "leaderElection",
                () -> !election.isOverdue(STUCK_TOLERATED),
                "failed election to renew leadership on lease " + leader.name()));
  }

  private @Nullable HttpsDoor open(
      Serving serving, Api api, Clock clock, List<Health.Check> leading) {
    if (serving.port() == 0) {
      return null;
    }
    SchedulerDoor.Subject subject = new SchedulerDoor.Subject(scheduler, leading, () -> closing);
    try {
      return SchedulerDoor.open(serving, api, subject, clock, executor);
    } catch (IOException e) {
      giveUp();
      throw new StartException(
          e.getMessage() + ": --secure-port names another port, 0 none, --bind-address an address",
          e);
    } catch (StartException e) {
      giveUp();
      throw e;
    }
  }

  private void giveUp() {
    scheduler.close();
    informers.close();
    client.close();
    executor.shutdownNow();
  }

  private static LeaderElection election(
      LeaderSettings leader,
      String identity,
      Api api,
      RealTime executor,
      LeaderElection.Listener listener) {
    LeaderElection.Settings settings =
        new LeaderElection.Settings(
            leader.namespace(),
            leader.name(),
            identity,
            leader.lease(),
            leader.renew(),
            leader.retry(),
            Duration.ZERO);
    return new LeaderElection(settings, api, Clock.systemUTC(), executor, listener);
  }

  /// Starts it; it leads as soon as nobody else does.
  ///
  /// @param kubeconfig of the cluster, or null for the one that the file names, else that of the
  ///   pod this runs in, else the one kubectl uses
  /// @param file how pods are placed, or null for Kubernetes' own way
  /// @param identity of this candidate, unlike that of all others
  /// @throws StartException if there is no such file, the API does not answer, or somebody else
  ///   listens where it is to
  public static StandaloneScheduler start(
      @Nullable Path kubeconfig, @Nullable Path file, String identity, Serving serving) {
    SchedulerConfiguration configuration = SchedulerFile.readForProcess(file);
    @Nullable Path cluster =
        kubeconfig == null && !configuration.kubeconfig().isEmpty()
            ? Path.of(configuration.kubeconfig())
            : kubeconfig;
    if (cluster != null && !Files.isReadable(cluster)) {
      throw new StartException("kubeconfig " + cluster + " cannot be read");
    }
    Config config =
        cluster == null ? Config.autoConfigure(null) : Config.fromKubeconfig(cluster.toFile());
    // Who asks decides whether to ask again.
    config.setRequestRetryBackoffLimit(0);
    KubernetesClient client = client(config, cluster);
    check(client);
    return new StandaloneScheduler(client, configuration, identity, serving);
  }

  private static KubernetesClient client(Config config, @Nullable Path kubeconfig) {
    try {
      return new KubernetesClientBuilder()
          .withConfig(config)
          .withHttpClientFactory(new JdkHttpClientFactory())
          .build();
    } catch (KubernetesClientException e) {
      String file = kubeconfig == null ? "the usual kubeconfig" : "kubeconfig " + kubeconfig;
      throw new StartException(
          file
              + " has a certificate or key that cannot be used ("
              + why(e)
              + "): a token, or a key that begins with BEGIN RSA or BEGIN EC, can be",
          e);
    }
  }

  private static void check(KubernetesClient client) {
    try {
      new Api(client).get("/version");
    } catch (UncheckedIOException | Api.RefusedException e) {
      client.close();
      throw new StartException(client.getMasterUrl() + " does not answer: " + why(e), e);
    }
  }

  /// The JDK's exceptions for a refused connection have no words.
  private static String why(Throwable failure) {
    Throwable last = failure;
    while (last.getCause() != null && !(last instanceof ConnectException)) {
      last = last.getCause();
    }
    return last instanceof ConnectException ? "nothing listens there" : last.toString();
  }

  /// The URL of the API it schedules for.
  public String server() {
    return client.getMasterUrl().toString();
  }

  /// Whether it waits until no other one leads.
  public boolean isElected() {
    return election != null;
  }

  /// Ends it, and lets another one lead at once.
  @Override
  public void close() {
    closing = true;
    if (election != null) {
      election.close();
    }
    scheduler.close();
    if (door != null) {
      door.close();
    }
    informers.close();
    client.close();
    executor.shutdownNow();
  }
}
