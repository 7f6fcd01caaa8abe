// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.apiserver.ApiServer;
import dev.havn.apiserver.MetricsText;
import dev.havn.ingress.DataPlane;
import dev.havn.ingress.Exposure;
import dev.havn.ingress.Gateways;
import dev.havn.ingress.Ingresses;
import dev.havn.ingress.Settings;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informers;
import dev.havn.reconcile.LeaderElection;
import dev.havn.store.Cursor;
import dev.havn.store.Store;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Ingresses are served from the moment the first one is there, Gateways from the moment their
/// kinds are. What tells is a cursor on the log for each, which costs nothing while nobody writes
/// any: no informer, no thread, no port.
///
/// Of servers that share a store one serves them all.
final class ClusterIngress implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterIngress.class);
  private static final String INGRESSES = "/registry/networking.k8s.io/ingresses/";
  private static final String GATEWAY_CLASSES =
      "/registry/apiextensions.k8s.io/customresourcedefinitions/"
          + "gatewayclasses.gateway.networking.k8s.io";

  private final Settings settings;
  private final Informers informers;
  private final Store store;
  private final boolean isShared;
  private final String identity;

  /// By what they wait for.
  private final Map<String, Cursor> cursors = new HashMap<>();

  private final Set<String> there = new HashSet<>();
  private @Nullable LeaderElection election;
  private @Nullable DataPlane plane;
  private @Nullable Ingresses ingresses;
  private @Nullable Gateways gateways;
  private boolean closed;

  private ClusterIngress(
      Settings settings, Informers informers, Cluster.Beginning beginning, String identity) {
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
            : new Exposure.Balanced(configuration.pods().ofNode(0).addresses(1));
    ClusterIngress ingress =
        new ClusterIngress(
            new Settings(exposure, admin, world.clock(), world.executor()),
            informers,
            beginning,
            Cluster.identity(directory));
    apiServer.addMetrics(ingress::measure);
    ingress.await(INGRESSES);
    ingress.await(GATEWAY_CLASSES);
    return ingress;
  }

  private synchronized void await(String prefix) {
    Cursor opened = store.watch(prefix, store.revision());
    cursors.put(prefix, opened);
    if (store.count(prefix) > 0) {
      begin(prefix);
    } else {
      opened.onReady(() -> begin(prefix));
    }
  }

  /// The thread that wakes a cursor is not to be held up.
  private void begin(String prefix) {
    try {
      settings.executor().execute(() -> beginNow(prefix));
    } catch (RejectedExecutionException closing) {
      LOG.debug("{} are not served, the executor is closed", prefix);
    }
  }

  private synchronized void beginNow(String prefix) {
    @Nullable Cursor cursor = cursors.remove(prefix);
    if (closed || cursor == null) {
      return;
    }
    cursor.close();
    there.add(prefix);
    if (!isShared || plane != null) {
      lead(true);
      return;
    }
    if (election != null) {
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
    if (!leads) {
      end();
      return;
    }
    if (closed) {
      return;
    }
    DataPlane shared = plane == null ? new DataPlane(settings.exposure()) : plane;
    plane = shared;
    if (ingresses == null && there.contains(INGRESSES)) {
      ingresses = new Ingresses(settings, informers, shared);
    }
    if (gateways == null && there.contains(GATEWAY_CLASSES)) {
      gateways = new Gateways(settings, informers, shared);
    }
  }

  private void end() {
    if (ingresses != null) {
      ingresses.close();
      ingresses = null;
    }
    if (gateways != null) {
      gateways.close();
      gateways = null;
    }
    if (plane != null) {
      plane.close();
      plane = null;
    }
  }

  /// Adds to `/metrics` once there is something to tell.
  private synchronized void measure(MetricsText text) {
    if (plane == null) {
      return;
    }
    var figures = plane.figures();
    text.metric("havn_ingress_answers_total", "counter", "Answers given to clients, by class.");
    figures
        .answers()
        .forEach(
            (kind, count) ->
                text.sample("havn_ingress_answers_total", "class=\"" + kind + "xx\"", count));
    text.metric(
        "havn_ingress_overspent_total",
        "counter",
        "Requests refused since the regular expressions of their host cost too much.");
    text.sample("havn_ingress_overspent_total", "", figures.overspent());
    text.metric("havn_ingress_connections", "gauge", "Connections of clients that are open.");
    text.sample("havn_ingress_connections", "", figures.connections());
  }

  @Override
  public synchronized void close() {
    closed = true;
    cursors.values().forEach(Cursor::close);
    cursors.clear();
    if (election != null) {
      election.stop();
    }
    end();
  }
}
