// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.ApiServer;
import dev.havn.apiserver.MetricsText;
import dev.havn.apiserver.NodeAccess;
import dev.havn.apiserver.aggregation.FrontProxy;
import dev.havn.apiserver.certificates.Authority;
import dev.havn.apiserver.encryption.EncryptionAtRest;
import dev.havn.apiserver.http.DoorLimits;
import dev.havn.apiserver.http.HttpsDoor;
import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.reconcile.Closing;
import dev.havn.reconcile.RealTime;
import dev.havn.store.Contents;
import dev.havn.store.Sealing;
import dev.havn.store.StoreException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A running cluster with its data directory, its https door and its control socket: everything
/// that `havn up` starts, in the order in which it starts.
public final class Havn implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Havn.class);
  static final String CONTEXT = "havn";

  /// The name of the authority by which servers of other APIs know this one.
  static final String FRONT_PROXY = "havn-front-proxy-ca";

  private static final Duration DRAIN_WITHIN = Duration.ofSeconds(5);
  private static final Duration STOP_WITHIN = Duration.ofSeconds(10);
  private static final Duration READY_WITHIN = Duration.ofSeconds(60);

  private final Instant started;
  private final Configuration configuration;
  private final DataDirectory directory;
  private final ServerLog log;
  private final RealTime executor;
  private final HeapPolicy heap;
  private final OpenStore store;
  private final Cluster cluster;
  private final Certificates certificates;
  private final HttpsDoor door;
  private final KubeletDoors kubelets;
  private final JoinTokens tokens;
  private final ControlSocket control;
  private final CountDownLatch stop = new CountDownLatch(1);
  private final List<String> problems = new ArrayList<>();
  private final JsonNode options;
  private volatile long readyMillis;
  private volatile boolean isFollowed;
  private boolean closed;

  private Havn(
      Configuration configuration,
      JsonNode options,
      DataDirectory directory,
      OpenStore store,
      RealTime executor,
      InstantSource clock,
      SecureRandom random)
      throws IOException {
    this.started = clock.instant();
    this.directory = directory;
    this.configuration = configuration;
    this.options = options;
    this.log = ServerLog.open(directory.path());
    Thread.setDefaultUncaughtExceptionHandler(new Uncaught(Runtime.getRuntime()::halt));
    sayHowTheLastOneEnded(directory);
    this.executor = executor;
    this.store = store;
    this.heap = new HeapPolicy(new JvmMemory(), executor);
    Authority authority = Authority.open(directory.path().resolve("certificates"), clock, random);
    this.cluster =
        new Cluster(
            new World(clock, executor, random),
            new Cluster.Beginning(
                store.store(),
                store.isShared(),
                authority.certificate(),
                authority::requests,
                authority.keys("service-accounts"),
                frontProxy(directory, clock, random),
                false),
            configuration,
            directory);
    cluster.addMetrics(this::measure);
    this.certificates = new Certificates(authority, configuration, directory, executor);
    this.door =
        HttpsDoor.open(
            configuration.bind(),
            configuration.port(),
            certificates.identity(),
            cluster.handler(),
            new HttpsDoor.Surroundings(executor, random, DoorLimits.standard()));
    certificates.keep(door, url());
    this.tokens = invite(authority);
    this.kubelets = new KubeletDoors(authority, executor, random);
    openToPods();
    this.control = ControlSocket.open(directory.controlSocket(), new ControlCommands(this));
    LOG.info("listening at {}", url());
  }

  private void measure(MetricsText text) {
    store.measure(text);
    ServerMetrics.process(text, started);
  }

  /// Nodes of other machines may come, and are reached.
  private JoinTokens invite(Authority authority) {
    cluster.reach(
        authority.certificate(),
        () ->
            authority.client(
                "kubelet-client", "kube-apiserver-kubelet-client", List.of(NodeAccess.CLIENTS)));
    return cluster.tokens(
        configuration, directory, new JoinTokens.Door(authority.certificate(), door.port()));
  }

  private static void sayHowTheLastOneEnded(DataDirectory directory) {
    if (Files.exists(directory.controlSocket())) {
      LOG.warn("the server before this one was not stopped: it was killed, or the machine was");
    }
  }

  private static FrontProxy frontProxy(
      DataDirectory directory, InstantSource clock, SecureRandom random) throws IOException {
    Path folder = directory.path().resolve("certificates").resolve("front-proxy");
    return new FrontProxy(Authority.open(folder, FRONT_PROXY, clock, random));
  }

  /// Starts everything; the cluster is not Ready yet when this returns.
  ///
  /// @throws StartException when something in the way is the user's to move
  public static Havn start(Configuration wanted) {
    return start(wanted, JsonNodeFactory.instance.objectNode());
  }

  /// The same for whoever may want to know later with which options it was started.
  public static Havn start(Configuration wanted, JsonNode options) {
    SecureRandom random = new SecureRandom();
    InstantSource clock = InstantSource.system();
    DataDirectory directory = DataDirectory.open(wanted.dataDirectory(), random);
    RealTime executor = new RealTime();
    boolean isFirst = !AddressRanges.areChosen(directory);
    @Nullable OpenStore store = null;
    try {
      Sealing sealing = sealing(wanted, random, executor);
      NodeFile.refuse(directory.path());
      store = OpenStore.open(wanted, sealing, directory, clock, executor);
      Configuration configuration = store.settle(wanted, Route.all(), clock, random);
      requireFree(configuration);
      Havn havn = new Havn(configuration, options, directory, store, executor, clock, random);
      havn.heap.start();
      return havn;
    } catch (StoreException | ContainerRuntime.StartException | IOException e) {
      release(store, isFirst, executor, directory);
      throw new StartException(String.valueOf(e.getMessage()), e);
    } catch (RuntimeException e) {
      // Whoever looks at the lock must not take this failure for a server that runs.
      release(store, isFirst, executor, directory);
      throw e;
    }
  }

  private static Sealing sealing(
      Configuration wanted, SecureRandom random, ScheduledExecutorService executor) {
    @Nullable Path file = wanted.store().encryption();
    return file == null
        ? EncryptionAtRest.unconfigured()
        : EncryptionAtRest.open(file, InstantSource.system(), random, executor);
  }

  /// @param isFirst whether it was this start that chose the cluster's addresses
  private static void release(
      @Nullable OpenStore store, boolean isFirst, RealTime executor, DataDirectory directory) {
    if (store != null) {
      if (isFirst && !store.isShared() && store.store().count("") == 0) {
        AddressRanges.forget(directory);
      }
      store.close();
    }
    executor.shutdownNow();
    directory.close();
  }

  /// Asks for the port before anything is started that would have to be taken back.
  private static void requireFree(Configuration configuration) {
    InetSocketAddress address = new InetSocketAddress(configuration.bind(), configuration.port());
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(address);
    } catch (IOException e) {
      throw new StartException(
          "cannot listen at %s:%d (%s): --port takes another port, 0 a free one; --bind another address"
              .formatted(configuration.bind(), configuration.port(), e.getMessage()),
          e);
    }
  }

  /// A cluster whose pods cannot reach the API still serves everybody else. The nodes' own doors
  /// are opened beside.
  private void openToPods() {
    executor.execute(() -> kubelets.open(cluster.doors()));
    try {
      cluster.openToPods(door, configuration);
    } catch (IOException e) {
      LOG.warn("pods do not reach the API at the Service kubernetes: {}", e.getMessage());
      problems.add("pods do not reach the API: " + e.getMessage());
    }
  }

  private String url() {
    String host = HostAddress.isEverywhere(configuration) ? "127.0.0.1" : configuration.bind();
    return "https://" + HostAddress.inUrl(host) + ":" + door.port();
  }

  /// Waits until every node is Ready.
  public void awaitReady() {
    CountDownLatch ready = new CountDownLatch(1);
    executor.execute(() -> look(ready));
    try {
      if (!ready.await(READY_WITHIN.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new StartException(
            "the nodes are not Ready after "
                + READY_WITHIN.toSeconds()
                + " s: `havn logs` says why");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StartException("interrupted while the cluster started", e);
    }
    readyMillis = Duration.between(started, Instant.now()).toMillis();
  }

  private void look(CountDownLatch ready) {
    if (cluster.isReady()) {
      ready.countDown();
    } else {
      var unused = executor.schedule(() -> look(ready), 5, TimeUnit.MILLISECONDS);
    }
  }

  /// Waits until somebody asks the cluster to stop, and stops it.
  public void awaitStop() {
    try {
      stop.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (isFollowed) {
      leave();
    } else {
      close();
    }
  }

  /// Another server follows this one: it lets go of everything, and leaves pods and the way to them
  /// as they are.
  void askToLeave() {
    if (configuration.store().kind() == StoreChoice.Kind.MEMORY) {
      throw new StartException(
          "the cluster keeps its objects in memory, where another server does not find them: `havn down` and `havn up` begin anew");
    }
    isFollowed = true;
    stop.countDown();
  }

  /// With which options it was started. Where it listens stays where nobody chose.
  JsonNode options() {
    ObjectNode given = options.deepCopy();
    return configuration.port() == 0 ? given.put("port", door.port()) : given;
  }

  /// How long pods may take to end when the cluster is asked to stop.
  Duration shutdownGrace() {
    return cluster.shutdownGrace();
  }

  void askToStop() {
    stop.countDown();
  }

  /// How the cluster is reached.
  public JsonNode access() {
    ObjectNode access = JsonNodeFactory.instance.objectNode();
    access.put("version", ApiServer.VERSION).put("server", url());
    access.put("kubeconfig", String.valueOf(configuration.kubeconfig())).put("context", CONTEXT);
    access.put("dataDirectory", directory.path().toString());
    access.put("nodes", configuration.nodes()).put("runtime", cluster.runtimes().version());
    return access.put("readyMilliseconds", readyMillis);
  }

  JsonNode status() {
    ObjectNode status = (ObjectNode) access();
    status.put("clusterId", directory.clusterId()).put("since", started.toString());
    status.put("process", ProcessHandle.current().pid());
    status.put("store", configuration.store().toString());
    status.put("featureGates", configuration.featureGates());
    status.put("podRange", configuration.podRange());
    status.put("serviceRange", configuration.serviceRange());
    status.put("dataBytes", Usage.bytesOf(directory.path()));
    status.put("storeBytes", Usage.bytesOf(directory.path().resolve("store")));
    status.put("residentBytes", Usage.residentBytes());
    status.put("ready", cluster.isReady());
    cluster.describe(status);
    problems.forEach(status.withArrayProperty("problems")::add);
    Usage.shortage(directory.path()).ifPresent(status.withArrayProperty("problems")::add);
    Usage.heapShortage().ifPresent(status.withArrayProperty("problems")::add);
    return status;
  }

  /// Writes everything into a file, while the cluster runs.
  JsonNode backup(Path file) {
    try {
      Contents contents = store.store().kept();
      return ClusterBackup.write(contents, directory, configuration.store().toString(), file);
    } catch (StoreException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    }
  }

  JoinTokens tokens() {
    return tokens;
  }

  Cluster cluster() {
    return cluster;
  }

  /// Like [#close()], but pods go on, and names are answered until the next server does.
  private void leave() {
    Closing closing = new Closing();
    Optional<Handover> names;
    Optional<ControlSocket> socket;
    synchronized (this) {
      if (closed) {
        return;
      }
      beginToClose(closing);
      closeDoors(closing);
      names = cluster.leave(closing);
      closeRest(closing);
      socket = names.flatMap(each -> closing.value(() -> each.open(directory.path())));
      closing.step(directory::close);
    }
    if (names.isPresent() && socket.isPresent()) {
      names.get().awaitEnd(socket.get());
    }
    closing.finish();
  }

  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    Closing closing = new Closing();
    beginToClose(closing);
    if (!shutdownGrace().isZero()) {
      closing.step(cluster::shutDownNodes);
    }
    closeDoors(closing);
    closing.step(cluster::close);
    closeRest(closing);
    closing.step(directory::close);
    closing.finish();
  }

  private void beginToClose(Closing closing) {
    closed = true;
    stop.countDown();
    LOG.info("stopping");
    closing.step(heap::close);
  }

  private void closeDoors(Closing closing) {
    closing.step(door::stopListening);
    closing.step(this::drain);
    closing.step(control::close);
    closing.step(certificates::close);
    closing.step(kubelets::close);
    closing.step(door::close);
  }

  private void drain() {
    int unanswered = cluster.drain(DRAIN_WITHIN);
    if (unanswered > 0) {
      LOG.warn("{} requests were not answered before the server stopped", unanswered);
    }
  }

  private void closeRest(Closing closing) {
    if (store.isShared()) {
      // It says good-bye to etcd, for which it needs the executor.
      closing.step(store::close);
    }
    closing.step(this::endTasks);
    closing.step(store::close);
    // Whoever stopped it looks there.
    closing.failure().ifPresent(e -> LOG.error("the server is not wholly stopped", e));
    closing.step(log::close);
  }

  private void endTasks() throws InterruptedException {
    executor.shutdown();
    if (!executor.awaitTermination(STOP_WITHIN.toMillis(), TimeUnit.MILLISECONDS)) {
      executor.shutdownNow();
    }
  }

  /// Removes what a killed server has left outside its data directory.
  ///
  /// @return whether there was anything
  public static boolean cleanUp(Path dataDirectory) {
    if (!Files.exists(dataDirectory.resolve("cluster-id"))) {
      return false;
    }
    try (DataDirectory directory = DataDirectory.open(dataDirectory, new SecureRandom())) {
      boolean names = Handover.end(dataDirectory);
      return new Leftovers(directory).remove() || names;
    }
  }

  /// Deletes the data and the context of a cluster that does not run.
  public static void delete(Path dataDirectory) {
    if (!Files.isDirectory(dataDirectory)) {
      return;
    }
    try {
      Path note = dataDirectory.resolve("kubeconfig-path");
      if (Files.exists(note)) {
        new Kubeconfig(Path.of(Files.readString(note).strip())).remove(CONTEXT);
      }
      Usage.delete(dataDirectory);
    } catch (IOException e) {
      throw new StartException(
          "data directory " + dataDirectory + " cannot be deleted: " + e.getMessage(), e);
    }
  }
}
