// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.apiserver.ApiServer;
import dev.havn.apiserver.MetricsText;
import dev.havn.ingress.Exposure;
import dev.havn.ingress.Ingresses;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informers;
import dev.havn.reconcile.LeaderElection;
import dev.havn.store.Cursor;
import dev.havn.store.Store;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Ingresses are served from the moment the first one is there. What tells is a cursor on the log,
/// which costs nothing while nobody writes any: no informer, no thread, no port.
///
/// Of servers that share a store one serves them all.
final class ClusterIngress implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterIngress.class);
  private static final String INGRESSES = "/registry/networking.k8s.io/ingresses/";

  private final Ingresses.Settings settings;
  private final Informers informers;
  private final Store store;
  private final boolean isShared;
  private final String identity;
  private @Nullable Cursor cursor;
  private @Nullable LeaderElection election;
  private @Nullable Ingresses ingresses;
  private boolean closed;

  private ClusterIngress(
      Ingresses.Settings settings,
      Informers informers,
      Cluster.Beginning beginning,
      String identity) {
    this.settings = settings;
    this.informers = informers;
    this.store = beginning.store();
    this.isShared = beginning.isShared();
    this.identity = identity;
  }

  static ClusterIngress open(
      Cluster.Beginning beginning,
      ApiServer apiServer,
      Runtimes runtimes,
      Informers informers,
      Configuration configuration,
      DataDirectory directory,
      Api admin,
      World world) {
    if (!beginning.isComplete()) {
      StandardIngressClass.offer(admin);
    }
    Exposure exposure =
        ClusterNetwork.dnsAddress(runtimes, configuration).isEmpty()
            ? new Exposure.Loopback(configuration.port() == 0)
            : new Exposure.Balanced(runtimes.nodeAddress());
    ClusterIngress ingress =
        new ClusterIngress(
            new Ingresses.Settings(exposure, admin, world.clock(), world.executor()),
            informers,
            beginning,
            Cluster.identity(directory));
    apiServer.addMetrics(ingress::measure);
    ingress.await();
    return ingress;
  }

  private synchronized void await() {
    Cursor opened = store.watch(INGRESSES, store.revision());
    cursor = opened;
    if (store.count(INGRESSES) > 0) {
      begin();
    } else {
      opened.onReady(this::begin);
    }
  }

  /// The thread that wakes a cursor is not to be held up.
  private void begin() {
    try {
      settings.executor().execute(this::beginNow);
    } catch (RejectedExecutionException closing) {
      LOG.debug("Ingresses are not served, the executor is closed");
    }
  }

  private synchronized void beginNow() {
    if (closed || cursor == null) {
      return;
    }
    cursor.close();
    cursor = null;
    if (!isShared) {
      lead(true);
      return;
    }
    election =
        new LeaderElection(
            new LeaderElection.Settings(
                "kube-system",
                "havn-ingress",
                identity,
                Duration.ofSeconds(15),
                Duration.ofSeconds(10),
                Duration.ofSeconds(2),
                Duration.ZERO),
            settings.api(),
            settings.clock(),
            settings.executor(),
            this::lead);
    election.start();
  }

  private synchronized void lead(boolean leads) {
    if (ingresses != null && !leads) {
      ingresses.close();
      ingresses = null;
    } else if (ingresses == null && leads && !closed) {
      ingresses = new Ingresses(settings, informers);
    }
  }

  /// Adds to `/metrics` once there is something to tell.
  private synchronized void measure(MetricsText text) {
    if (ingresses == null) {
      return;
    }
    var figures = ingresses.figures();
    text.metric("havn_ingress_answers_total", "counter", "Answers given to clients, by class.");
    figures
        .answers()
        .forEach(
            (kind, count) ->
                text.sample("havn_ingress_answers_total", "class=\"" + kind + "xx\"", count));
    text.metric("havn_ingress_connections", "gauge", "Connections of clients that are open.");
    text.sample("havn_ingress_connections", "", figures.connections());
  }

  @Override
  public synchronized void close() {
    closed = true;
    if (cursor != null) {
      cursor.close();
    }
    if (election != null) {
      election.stop();
    }
    lead(false);
  }
}
