// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.apiserver.FeatureGates;
import dev.havn.apiserver.aggregation.FrontProxy;
import dev.havn.apiserver.certificates.Authority;
import dev.havn.apiserver.http.Handler;
import dev.havn.reconcile.Closing;
import dev.havn.reconcile.VirtualTime;
import dev.havn.server.Configuration.RuntimeChoice;
import dev.havn.store.Contents;
import dev.havn.store.LogStore;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// A whole cluster inside a test: objects in memory, nodes simulated, no port, no thread of its
/// own. It works only while [#settle()] or [#advance(Duration)] run, on the caller's thread, and
/// its clock stands still in between.
///
/// Used by one thread at a time.
public final class EmbeddedCluster implements AutoCloseable {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final Spare<EmbeddedCluster> SPARE = new Spare<>(EmbeddedCluster::make);

  private final VirtualTime time = new VirtualTime(START);
  private final Path folder;
  private final DataDirectory directory;
  private final LogStore store;
  private final Cluster cluster;
  private final KubernetesClient client;

  private EmbeddedCluster(int nodes, UnaryOperator<Configuration> choices) throws IOException {
    this.folder = Files.createTempDirectory("havn");
    this.directory = DataDirectory.open(folder, RANDOM);
    Cluster.Beginning beginning = beginning(nodes);
    this.store = (LogStore) beginning.store();
    Configuration usual = configuration(folder, nodes);
    Configuration configuration = choices.apply(usual);
    this.cluster = new Cluster(new World(time, time, RANDOM), beginning, configuration, directory);
    this.client = cluster.client("kubernetes-admin", List.of("system:masters"));
    settle();
    if (!beginning.isComplete() && configuration.equals(usual)) {
      new Template(
              store.contents(),
              beginning.authority(),
              beginning.signer(),
              beginning.tokenKeys(),
              beginning.frontProxy(),
              Cluster.identity(directory))
          .keep(nodes);
    }
  }

  private Cluster.Beginning beginning(int nodes) throws IOException {
    @Nullable Template known = Template.of(nodes);
    if (known == null) {
      Authority authority = Authority.open(folder.resolve("certificates"), time, RANDOM);
      return new Cluster.Beginning(
          LogStore.inMemory(time, time),
          false,
          authority.certificate(),
          authority::requests,
          authority.keys("service-accounts"),
          new FrontProxy(
              Authority.open(folder.resolve("front-proxy"), Havn.FRONT_PROXY, time, RANDOM)),
          false);
    }
    Contents contents = known.contents(Cluster.identity(directory), RANDOM);
    return new Cluster.Beginning(
        LogStore.inMemory(time, time, contents),
        false,
        known.authority(),
        known.signer(),
        known.tokenKeys(),
        known.frontProxy(),
        true);
  }

  private static Configuration configuration(Path folder, int nodes) {
    return new Configuration(
        folder,
        Configuration.of(folder).bind(),
        0,
        null,
        nodes,
        RuntimeChoice.SIMULATED,
        StoreChoice.MEMORY,
        "10.96.0.0/16",
        "10.244.0.0/16");
  }

  /// Starts a cluster and waits until it is ready, which takes no time on its clock. From the
  /// second of a size on, the next is made ahead on a thread of its own.
  ///
  /// @param nodes at least 1
  public static EmbeddedCluster start(int nodes) {
    return Template.of(nodes) == null ? make(nodes) : SPARE.take(nodes);
  }

  /// The same with feature gates that are not as Kubernetes sets them itself; such a cluster is
  /// made when it is asked for.
  ///
  /// @param gates `NAME=true,...`
  /// @throws IllegalArgumentException with what of them cannot be meant
  public static EmbeddedCluster start(int nodes, String gates) {
    FeatureGates asked = FeatureGates.parse(gates);
    return asked.equals(FeatureGates.USUAL)
        ? start(nodes)
        : start(nodes, usual -> usual.withGates(asked));
  }

  /// The same with other choices.
  ///
  /// @param choices makes them in what is usual for clusters in tests
  public static EmbeddedCluster start(int nodes, UnaryOperator<Configuration> choices) {
    try {
      return new EmbeddedCluster(nodes, choices);
    } catch (IOException e) {
      throw new UncheckedIOException("a temporary folder for the cluster", e);
    }
  }

  private static EmbeddedCluster make(int nodes) {
    return start(nodes, UnaryOperator.identity());
  }

  /// A client with all rights.
  public KubernetesClient client() {
    return client;
  }

  /// A client that the cluster takes for somebody.
  KubernetesClient clientOf(String user, List<String> groups) {
    return cluster.client(user, groups);
  }

  /// Lets everything happen that happens without time passing.
  public void settle() {
    time.settle();
  }

  /// Lets time pass, and everything happen that happens in it.
  public void advance(Duration duration) {
    time.advance(duration);
  }

  /// Sets the clock without time having passed, as on a machine that slept.
  void jump(Duration duration) {
    time.jump(duration);
  }

  Handler handler() {
    return cluster.handler();
  }

  VirtualTime time() {
    return time;
  }

  public Instant now() {
    return time.instant();
  }

  @Override
  public void close() {
    Closing closing = new Closing();
    closing.step(cluster::close);
    closing.step(time::shutdownNow);
    closing.step(store::close);
    closing.step(directory::close);
    closing.step(() -> Usage.delete(folder));
    closing.finish();
  }
}
