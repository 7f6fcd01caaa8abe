// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.ApiServer;
import dev.havn.apiserver.MetricsText;
import dev.havn.apiserver.aggregation.FrontProxy;
import dev.havn.apiserver.certificates.Pem;
import dev.havn.apiserver.certificates.RequestSigner;
import dev.havn.apiserver.http.Credential;
import dev.havn.apiserver.http.Handler;
import dev.havn.apiserver.http.HttpsDoor;
import dev.havn.apiserver.streaming.PodSessions;
import dev.havn.controllers.Controllers;
import dev.havn.node.Node;
import dev.havn.node.pod.BoundPods;
import dev.havn.node.pod.PodsByNode;
import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.stats.Counters;
import dev.havn.node.stats.NodeStats;
import dev.havn.node.stats.PodDiskMeter;
import dev.havn.node.usage.UsageMeter;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Closing;
import dev.havn.reconcile.Controller;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informers;
import dev.havn.scheduler.Scheduler;
import dev.havn.schema.BuiltinTypes;
import dev.havn.server.Configuration.Leading;
import dev.havn.server.loopback.LoopbackFactory;
import dev.havn.store.Store;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.http.HttpClient;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A cluster without doors: API server, controllers, scheduler and nodes, joined by loopback
/// clients. Read the constructor to know what a Havn is made of.
final class Cluster implements AutoCloseable {
  /// The library would try again by itself, on a timer that nobody gave it; who calls decides. An
  /// object that names no namespace goes to `default`, as with kubectl.
  private static final Config LOOPBACK =
      new ConfigBuilder(Config.empty())
          .withMasterUrl("http://loopback/")
          .withNamespace("default")
          .withRequestRetryBackoffLimit(0)
          .build();

  /// Shared by all clients of the process, also those of other clusters: what it learns of a model,
  /// which costs more than anything else that a client does, it learns once.
  private static final KubernetesSerialization SERIALIZATION = new KubernetesSerialization();

  private static final BuiltinTypes TYPES = BuiltinTypes.load();

  /// Of the Service `kubernetes`.
  private static final int SERVICE_PORT = 443;

  private final World world;
  private final String host;
  private final ApiServer apiServer;
  private final PodSessions sessions;
  private final NodeAdapter connection;
  private final UsageAdapter usage;
  private final Runtimes runtimes;
  private final Informers informers;
  private final Controllers controllers;
  private final Scheduler scheduler;
  private final Leading controllersLead;
  private final Candidates candidates;
  private final List<Node> nodes = new ArrayList<>();
  private final Set<String> names;
  private final PodsByNode podsByNode;
  private final VolumeObjects volumeObjects;
  private final Events.Memory nodeEvents = new Events.Memory();
  private final ClusterNetwork network;
  private final ClusterIngress ingress;
  private final List<KubeletDoors.Wanted> doors = new ArrayList<>();
  private final List<KubernetesClient> clients = new ArrayList<>();
  private final Api admin;
  private final @Nullable ServerPresence presence;

  /// What a cluster begins with.
  ///
  /// @param isShared whether other servers may be on the store
  /// @param authority that signs client certificates
  /// @param signer with its key
  /// @param tokenKeys that sign service-account tokens; P-256
  /// @param frontProxy by which servers of other APIs know this one
  /// @param isComplete whether the store holds all that a server of this version makes at its start
  record Beginning(
      Store store,
      boolean isShared,
      X509Certificate authority,
      Supplier<RequestSigner> signer,
      KeyPair tokenKeys,
      FrontProxy frontProxy,
      boolean isComplete) {}

  Cluster(World world, Beginning beginning, Configuration configuration, DataDirectory directory) {
    this.world = world;
    this.host = HostAddress.of(configuration).orElse("");
    // What keeps it from starting is told before the first object is written.
    this.runtimes = Runtimes.open(configuration, directory, world);
    this.connection = new NodeAdapter(world.clock());
    this.usage = new UsageAdapter(world.clock());
    this.sessions = new PodSessions(connection, world.executor());
    this.apiServer = new ApiServer(settings(beginning, configuration, directory));
    apiServer.begin(beginning.isComplete());
    this.admin = api("system:admin", List.of("system:masters"));
    this.presence = presence(configuration, directory);
    Api managerApi = api("system:kube-controller-manager", List.of());
    Api schedulerApi = api("system:kube-scheduler", List.of());
    this.informers = new Informers(managerApi, world.executor());
    List<String> inOrder = NodeStart.names(beginning.isShared(), configuration, directory);
    this.names = Set.copyOf(inOrder);
    NodeDisks disks = new NodeDisks(directory, inOrder, configuration.nodes());
    this.controllers =
        new Controllers(controllerSettings(beginning, configuration, managerApi, disks), informers);
    this.scheduler = SchedulerFile.scheduler(world, configuration, informers, schedulerApi);
    this.controllersLead = configuration.controllers().leading();
    this.candidates = new Candidates(world, identity(directory), beginning.isShared());
    stand(configuration, managerApi, schedulerApi);
    apiServer.addMetrics(text -> QueueMetrics.write(text, queues()));
    apiServer.addMetrics(text -> ControlPlaneMetrics.write(text, controllers, scheduler));
    this.podsByNode = new PodsByNode(informers.podOutlines());
    for (int i = 0; i < configuration.nodes(); i++) {
      String name = inOrder.get(i);
      ContainerRuntime runtime = runtimes.of(name, i);
      connection.add(name, runtimes.nodeAddress(i), runtime);
      UsageMeter meter = new UsageMeter(runtime, world.clock());
      usage.add(name, runtime, meter);
      Node node = node(name, i, runtime, meter, configuration, directory);
      nodes.add(node);
      if (runtime.needsImages()) {
        open(node, i, runtime, meter, directory);
      }
      if (i == 0 && !beginning.isComplete() && runtime.needsImages()) {
        StandardClass.offer(admin);
      }
    }
    startNodes(inOrder, configuration);
    this.volumeObjects = VolumeObjects.tell(nodes, beginning.store(), world.executor());
    this.network =
        ClusterNetwork.open(inOrder, runtimes, informers, configuration, directory, admin, world);
    apiServer.addMetrics(network::measure);
    apiServer.addMetrics(runtimes::measure);
    this.ingress = ingress(beginning, configuration, directory);
  }

  private void stand(Configuration configuration, Api managerApi, Api schedulerApi) {
    candidates.add(controllersLead, "kube-controller-manager", managerApi, controllers::lead);
    candidates.add(configuration.scheduler(), "kube-scheduler", schedulerApi, scheduler::lead);
  }

  private void startNodes(List<String> inOrder, Configuration configuration) {
    NodeStart.forgetFormer(admin, inOrder, configuration.pods().ofNode(0).first());
    new NodeStart(nodes, world.executor()).start();
  }

  private @Nullable ServerPresence presence(Configuration configuration, DataDirectory directory) {
    Api api = api("system:apiserver", List.of("system:masters"));
    return ServerPresence.open(configuration, directory, TYPES, api, world);
  }

  private ClusterIngress ingress(
      Beginning beginning, Configuration configuration, DataDirectory directory) {
    return ClusterIngress.open(
        beginning, apiServer, runtimes, informers, configuration, directory, admin, world);
  }

  /// The node's own API. Simulated nodes have none: there may be thousands of them.
  private void open(
      Node node, int index, ContainerRuntime runtime, UsageMeter meter, DataDirectory directory) {
    String name = node.name();
    KubeletPages pages =
        new KubeletPages(
            name,
            api("system:node:" + name, List.of("system:nodes")),
            new NodeStats(
                name,
                runtime,
                meter,
                Counters.ofMachine(runtime, runtimes.namespace(index).orElse(null)),
                node.probes(),
                node.ownUsers(),
                node::volumes,
                new PodDiskMeter(runtime, node::measured, world.clock(), world.executor()),
                directory.path(),
                world.clock()),
            sessions,
            connection,
            world.clock().instant());
    connection.add(pages);
    KubeletDoor door = new KubeletDoor(name, DoorAccess.of(apiServer.nodeAccess()), pages);
    String address = runtimes.nodeAddress(index);
    HttpsDoor.Channels channels = runtimes.channels(index);
    doors.add(new KubeletDoors.Wanted(name, address, channels, door, node::listensAt));
  }

  /// The doors that the nodes are to have.
  List<KubeletDoors.Wanted> doors() {
    return doors;
  }

  private Controllers.Settings controllerSettings(
      Beginning beginning, Configuration configuration, Api managerApi, NodeDisks disks) {
    return new Controllers.Settings(
        this::controllerApi,
        managerApi,
        Pem.of(beginning.authority()),
        apiServer::secretToken,
        configuration.pods(),
        new AuthoritySigner(beginning.signer(), beginning.authority().getNotAfter().toInstant()),
        disks,
        configuration.api().features(),
        configuration.controllers().options(),
        world.clock(),
        world.executor());
  }

  private ApiServer.Settings settings(
      Beginning beginning, Configuration configuration, DataDirectory directory) {
    return new ApiServer.Settings(
        beginning.store(),
        TYPES.with(configuration.api().runtimeConfig()::asksFor),
        List.of(beginning.authority()),
        beginning.tokenKeys(),
        sessions,
        usage,
        configuration.services(),
        world.clock(),
        world.executor(),
        world.random(),
        configuration.requests(),
        beginning.frontProxy(),
        configuration
            .api()
            .read(world.clock())
            .withPluggedNodes(NodeStart.plugged(beginning.isShared(), configuration, directory)));
  }

  static String identity(DataDirectory directory) {
    return "havn_" + directory.clusterId();
  }

  private List<Controller.Counts> queues() {
    List<Controller.Counts> queues = new ArrayList<>(controllers.counts());
    queues.add(scheduler.counts());
    queues.addAll(network.counts());
    usage.counts().ifPresent(queues::add);
    nodes.stream().map(Node::counts).reduce(Controller.Counts::plus).ifPresent(queues::add);
    return queues;
  }

  /// Adds to `/metrics`.
  void addMetrics(Consumer<MetricsText> other) {
    apiServer.addMetrics(other);
  }

  private Node node(
      String name,
      int index,
      ContainerRuntime runtime,
      UsageMeter meter,
      Configuration configuration,
      DataDirectory directory) {
    Api api = api("system:node:" + name, List.of("system:nodes"));
    Node.Settings settings =
        new Node.Settings(
            name,
            runtimes.nodeAddress(index),
            host,
            ApiServer.VERSION,
            configuration.pods().ofNode(index),
            runtime,
            meter,
            directory.path().resolve("nodes").resolve(name).resolve("pods"),
            ClusterNetwork.dnsAddress(runtimes, configuration),
            runtimes.images(name),
            runtimes.kubelet(),
            world.clock(),
            world.executor());
    BoundPods pods =
        runtime.needsImages()
            ? StaticPodFile.join(
                BoundPods.watched(new Informers(api, world.executor()), name), api, TYPES, settings)
            : podsByNode.of(name);
    return new Node(settings, api, pods, nodeEvents);
  }

  /// The API for a part of this process; the API server takes it for `user`.
  private Api api(String user, List<String> groups) {
    HttpClient http = transport(user, groups).newBuilder().tag(LOOPBACK.getRequestConfig()).build();
    return new Api(http, LOOPBACK.getMasterUrl(), SERIALIZATION);
  }

  private LoopbackFactory transport(String user, List<String> groups) {
    return new LoopbackFactory(apiServer, new Credential.Loopback(user, groups), world.executor());
  }

  /// A client of this process; the API server takes it for `user`.
  KubernetesClient client(String user, List<String> groups) {
    KubernetesClient client =
        new KubernetesClientBuilder()
            .withConfig(new ConfigBuilder(LOOPBACK).build())
            .withKubernetesSerialization(SERIALIZATION)
            .withHttpClientFactory(transport(user, groups))
            .withTaskExecutor(world.executor())
            .build();
    clients.add(client);
    return client;
  }

  private Api controllerApi(String account) {
    return api(
        "system:serviceaccount:kube-system:" + account,
        List.of("system:serviceaccounts", "system:serviceaccounts:kube-system"));
  }

  /// Opens the API to pods, whose network this machine is part of: the Service `kubernetes` leads
  /// to `door`. Pods on the machine's own network, and simulated ones, have no such address.
  void openToPods(HttpsDoor door, Configuration configuration) throws IOException {
    if (!runtimes.haveNetwork()) {
      apiServer.advertise("", door.port());
      return;
    }
    door.listenAlso(runtimes.apiAddress(), SERVICE_PORT);
    if (!HostAddress.isEverywhere(configuration, runtimes.nodeAddress())) {
      door.listenAlso(runtimes.nodeAddress(), door.port());
    }
    apiServer.advertise(runtimes.nodeAddress(), door.port());
  }

  /// Lets the API finish what it was asked from outside.
  ///
  /// @return how many requests were not answered in time
  int drain(Duration within) {
    return apiServer.drain(within);
  }

  /// Lets the API server reach nodes of other processes.
  ///
  /// @param client whom these nodes are shown; asked for when it is first needed
  void reach(X509Certificate authority, RemoteNodes.Client client) {
    RemoteNodes others = new RemoteNodes(admin, authority, client, world.clock(), world.executor());
    connection.reach(others);
    usage.reach(new RemoteUsage(informers, others::summary, names, world));
  }

  /// What invites nodes of other machines.
  JoinTokens tokens(Configuration configuration, DataDirectory directory, JoinTokens.Door door) {
    return new JoinTokens(admin, configuration, directory.clusterId(), door, world);
  }

  Handler handler() {
    return apiServer;
  }

  /// Why a user may or may not do something; see [ControlCommands].
  JsonNode why(JsonNode question) {
    if (question.has("from")) {
      return network.why(question, admin, SERIALIZATION);
    }
    return AccessQuestion.answer(apiServer, question);
  }

  Runtimes runtimes() {
    return runtimes;
  }

  /// Whether all nodes are Ready, all caches filled, the first namespaces complete (but where that
  /// is left to others), and names answered.
  boolean isReady() {
    if (!controllers.haveSynced()) {
      return false;
    }
    return new KnownNodes(informers).ready(names) >= nodes.size()
        && network.hasNames()
        && (controllersLead == Leading.OFF
            || admin.find("/api/v1/namespaces/default/serviceaccounts/default").isPresent());
  }

  /// Adds what `havn status` shows.
  void describe(ObjectNode status) {
    new KnownNodes(informers).describe(status, admin);
    runtimes.describe(status);
    ArrayNode problems = status.withArrayProperty("problems");
    runtimes.problems().forEach(problems::add);
    network.problems().forEach(problems::add);
  }

  /// How long pods have when the cluster goes down; zero for as long as on a machine that is
  /// switched off.
  Duration shutdownGrace() {
    return runtimes.kubelet().shutdown().all();
  }

  /// Lets pods end in that time. Nobody replaces them meanwhile.
  void shutDownNodes() {
    candidates.stop();
    CompletableFuture.allOf(nodes.stream().map(Node::shutDown).toArray(CompletableFuture[]::new))
        .join();
  }

  /// Ends, and leaves pods and their network to the next server.
  ///
  /// @param closing is told what fails
  /// @return what answers meanwhile, empty for nothing
  Optional<Handover> leave(Closing closing) {
    endWork(closing);
    Optional<Handover> names = closing.value(network::leave).flatMap(each -> each);
    endRest(closing);
    return names;
  }

  @Override
  public void close() {
    Closing closing = new Closing();
    endWork(closing);
    closing.step(network::close);
    closing.step(runtimes::removeAll);
    endRest(closing);
    closing.finish();
  }

  private void endWork(Closing closing) {
    closing.step(candidates::stop);
    if (presence != null) {
      closing.step(presence::close);
    }
    closing.step(volumeObjects::close);
    closing.step(usage::close);
    nodes.forEach(each -> closing.step(each::close));
    closing.step(scheduler::close);
    closing.step(controllers::close);
    closing.step(ingress::close);
    closing.step(informers::close);
    closing.step(() -> EndOfWork.await("pods", nodes.stream().map(Node::ended).toList()));
  }

  private void endRest(Closing closing) {
    closing.step(runtimes::close);
    clients.forEach(each -> closing.step(each::close));
    closing.step(apiServer::close);
    closing.step(sessions::close);
    closing.step(connection::close);
  }
}
