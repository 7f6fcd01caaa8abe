// SPDX-License-Identifier: Apache-2.0
package dev.havn.node;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.addresses.Ranges;
import dev.havn.node.configuration.KubeletConfiguration;
import dev.havn.node.csi.VolumeFigures;
import dev.havn.node.image.Images;
import dev.havn.node.kernel.FolderFlags;
import dev.havn.node.plugin.KubeletFolder;
import dev.havn.node.plugin.PluginHandler;
import dev.havn.node.plugin.Plugins;
import dev.havn.node.pod.BoundPods;
import dev.havn.node.pod.Machine;
import dev.havn.node.pod.OwnUsersCount;
import dev.havn.node.pod.PodDevices;
import dev.havn.node.pod.PodReconciler;
import dev.havn.node.pod.ProbeCounts;
import dev.havn.node.pod.RuntimeHandlers;
import dev.havn.node.pod.VolumeObject;
import dev.havn.node.rpc.UnixSockets;
import dev.havn.node.runtime.Addresses;
import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.ContainerRuntime.Feature;
import dev.havn.node.runtime.RuntimeHandler;
import dev.havn.node.usage.UsageMeter;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Controller;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.MicroTime;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A node: registers itself, keeps its lease, and runs the pods that are bound to it.
public final class Node implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Node.class);
  private static final Duration LEASE_EVERY = Duration.ofSeconds(10);
  private static final Duration USAGE_EVERY = Duration.ofSeconds(10);
  private static final Duration PLUGINS_EVERY = Duration.ofSeconds(1);
  private static final Duration TIDY_EVERY = Duration.ofSeconds(10);
  private static final int LEASE_SECONDS = 40;

  /// So long after the last renewal somebody may have found the node silent.
  private static final Duration LATE = Duration.ofSeconds(30);

  /// In renewals.
  private static final int LOOK_EVERY = 6;

  private static final int WORKERS = 10;

  /// After an outage pods are looked at again so soon.
  private static final Duration AGAIN_MAX = Duration.ofSeconds(30);

  private static final int PODS_MAX = 110;
  private static final int PORT = 10_250;

  /// By this nodes of other machines know where to send packets for its pods.
  private static final String HOST = "havn.dev/host";

  /// A controller attaches volumes to the node, and waits until the node lets go of them.
  private static final String CONTROLLER_ATTACHES =
      "volumes.kubernetes.io/controller-managed-attach-detach";

  private final Settings settings;
  private final Addresses addresses;
  private final Api api;
  private final BoundPods pods;
  private final PodReconciler reconciler;
  private final Controller controller;
  private final NodeConditions conditions;
  private final NodeArchitecture architecture;
  private final UnixSockets sockets;
  private final Plugins plugins;
  private final @Nullable NodeDevices devices;
  private final Upkeep upkeep;
  private final Rounds rounds;

  /// Of those that take something from pods.
  private final Rounds tidying;

  private volatile int port = PORT;
  private boolean leased;
  private @Nullable Instant renewed;
  private long renewals;
  private long watchesSelfUntil;

  /// What a node is made of.
  ///
  /// @param host address of its machine for others, empty when it has no other than `address` or is
  ///   reached by none
  /// @param version of Kubernetes, as nodes report it
  /// @param ranges the addresses of its pods
  /// @param meter of what its containers use, read as often as the node says that it lives
  /// @param folder for the volumes of its pods
  /// @param dnsAddress of the cluster's DNS server, empty when there is none
  public record Settings(
      String name,
      String address,
      String host,
      String version,
      Ranges ranges,
      ContainerRuntime runtime,
      UsageMeter meter,
      Path folder,
      String dnsAddress,
      Images images,
      KubeletConfiguration configuration,
      InstantSource clock,
      ScheduledExecutorService executor) {}

  /// @param memory of what all nodes of this process have said
  public Node(Settings settings, Api api, BoundPods pods, Events.Memory memory) {
    this.settings = settings;
    this.addresses =
        new Addresses(
            settings.address(), settings.ranges(), address -> settings.runtime().reported(address));
    this.api = api;
    this.rounds = new Rounds(settings.executor());
    this.tidying = new Rounds(settings.executor());
    this.conditions =
        new NodeConditions(
            settings.clock().instant(), settings.configuration().evictions().transition());
    this.architecture = new NodeArchitecture(settings.images());
    this.pods = pods;
    Events events = new Events(api, "kubelet", settings.name(), settings.clock(), memory);
    KubeletFolder kubelet = KubeletFolder.beside(settings.folder());
    this.sockets = new UnixSockets(settings.executor());
    this.devices =
        settings.runtime().needsImages()
            ? new NodeDevices(settings, api, kubelet, sockets, pods, this::lookAtThose)
            : null;
    this.reconciler =
        new PodReconciler(
            new PodReconciler.Settings(
                settings.name(),
                pods,
                settings.runtime(),
                settings.folder(),
                kubelet,
                sockets,
                api,
                events,
                addresses,
                settings.dnsAddress(),
                settings.images(),
                devices == null ? PodDevices.none() : devices.ofPods(),
                pod -> look(pod),
                conditions::pressures,
                this::shortOf,
                settings.configuration(),
                settings.clock(),
                settings.executor()));
    this.plugins = new Plugins(kubelet, sockets, handlers(), settings.clock(), settings.executor());
    this.upkeep = new Upkeep(settings, api, events, reconciler, conditions, this::problems, pods);
    this.controller =
        new Controller(
            "kubelet", reconciler, settings.clock(), settings.executor(), WORKERS, AGAIN_MAX);
  }

  private List<PluginHandler> handlers() {
    List<PluginHandler> handlers = new ArrayList<>(List.of(reconciler.drivers()));
    if (devices != null) {
      handlers.addAll(devices.handlers());
    }
    return handlers;
  }

  /// Registers the node and begins to work. Whoever calls tries again when the API refuses.
  public void start() {
    if (settings.runtime().needsImages()) {
      makeFolder();
    }
    register();
    pods.onChange(
        (before, after) -> {
          Pod pod = after == null ? before : after;
          if (pod != null) {
            look(pod);
          }
        });
    settings.runtime().onChange(this::runtimeChanged);
    String name = settings.name();
    rounds.now(LEASE_EVERY, "the lease of " + name + " is not renewed", this::renew);
    rounds.now(USAGE_EVERY, "what " + name + " uses cannot be read", settings.meter()::read);
    tidying.later(
        TIDY_EVERY, "what is left on " + name + " is not removed", reconciler::removeUnknown);
    if (devices != null) {
      devices.begin(rounds);
    }
    if (settings.runtime().needsImages()) {
      rounds.later(PLUGINS_EVERY, "plugins of " + name + " are not looked at", plugins::look);
    }
    if (settings.meter().measures()) {
      upkeep.begin(rounds);
    }
  }

  private void makeFolder() {
    try {
      var unused = FolderFlags.makeSpread(settings.folder());
    } catch (IOException e) {
      throw new UncheckedIOException("folder of the pods of " + settings.name(), e);
    }
  }

  private void shortOf(String resource) {
    upkeep.shortOf(resource);
  }

  private void look(Pod pod) {
    controller.add(Informer.keyOf(pod));
  }

  private void runtimeChanged(String uid) {
    lookAtThose(Set.of(uid));
  }

  private void lookAtThose(Set<String> uids) {
    for (Pod pod : pods.list()) {
      if (uids.contains(pod.getMetadata().getUid())) {
        look(pod);
      }
    }
  }

  /// Whether it makes volumes of objects; simulated pods have none.
  public boolean makesVolumes() {
    return settings.runtime().needsImages();
  }

  /// An object is not what it was: volumes made of it follow.
  public void changed(VolumeObject object) {
    reconciler.changed(object);
  }

  /// What waits to be looked at.
  public Controller.Counts counts() {
    return controller.counts();
  }

  public String name() {
    return settings.name();
  }

  /// What the probes of its pods said.
  public ProbeCounts probes() {
    return reconciler.probes();
  }

  public OwnUsersCount ownUsers() {
    return reconciler.ownUsers();
  }

  /// How full the volumes of a pod are that drivers brought.
  public List<VolumeFigures> volumes(String podUid) {
    return reconciler.volumes(podUid);
  }

  /// Where a volume lies whose use is measured on the machine, by the pod's uid and its name.
  public Optional<Path> measured(String podUid, String volume) {
    return reconciler.measured(podUid, volume);
  }

  /// The node's own API is at this port of its address; says so.
  public void listensAt(int own) {
    port = own;
    ObjectNode patch = Api.object();
    ObjectNode endpoints = patch.putObject("status").putObject("daemonEndpoints");
    endpoints.putObject("kubeletEndpoint").put("Port", own);
    String path = "/api/v1/nodes/" + settings.name();
    api.find(path).ifPresent(known -> mergeIfNew(path + "/status", known, patch));
  }

  private void register() {
    String path = "/api/v1/nodes/" + settings.name();
    Optional<JsonNode> known = api.find(path);
    var unused = architecture.follow(known.orElseGet(Api::object));
    conditions.observeRuntime(problems(), settings.clock().instant());
    if (known.isEmpty()) {
      ObjectNode node = Api.object().put("kind", "Node").put("apiVersion", "v1");
      ObjectNode metadata = node.putObject("metadata").put("name", settings.name());
      metadata.set("labels", architecture.labels(settings.name()));
      annotate(metadata);
      ObjectNode spec = node.putObject("spec");
      spec.put("podCIDR", settings.ranges().first().toString());
      ArrayNode all = spec.putArray("podCIDRs");
      settings.ranges().all().forEach(each -> all.add(each.toString()));
      node.set("status", status());
      api.create("/api/v1/nodes", node.toString());
    } else {
      ObjectNode patch = Api.object();
      ObjectNode metadata = patch.putObject("metadata");
      metadata.set("labels", architecture.labels(settings.name()));
      annotate(metadata);
      mergeIfNew(path, known.get(), patch);
      ObjectNode status = Api.object();
      status.set("status", status());
      mergeIfNew(path + "/status", known.get(), status);
    }
  }

  private void annotate(ObjectNode metadata) {
    ObjectNode annotations = metadata.putObject("annotations");
    if (!settings.host().isEmpty()) {
      annotations.put(HOST, settings.host());
    }
    if (settings.runtime().needsImages()) {
      annotations.put(CONTROLLER_ATTACHES, "true");
    }
  }

  private void mergeIfNew(String path, JsonNode known, ObjectNode patch) {
    if (!Api.says(known, patch)) {
      api.merge(path, patch);
    }
  }

  /// What keeps it from running pods.
  private List<String> problems() {
    return architecture.problems(settings.runtime().problems());
  }

  private ObjectNode status() {
    ObjectNode status = Api.object();
    ObjectNode capacity = status.putObject("capacity");
    capacity.put("cpu", String.valueOf(Runtime.getRuntime().availableProcessors()));
    capacity.put("memory", Machine.memoryBytes() / 1024 + "Ki");
    capacity.put("pods", String.valueOf(PODS_MAX));
    capacity.put("ephemeral-storage", Machine.diskBytes(settings.folder()) / 1024 + "Ki");
    status.set("allocatable", capacity.deepCopy());
    var conditions = status.putArray("conditions");
    this.conditions.add(conditions, settings.clock().instant());
    ArrayNode own = status.putArray("addresses");
    addresses
        .hosts()
        .forEach(each -> own.addObject().put("type", "InternalIP").put("address", each));
    own.addObject().put("type", "Hostname").put("address", settings.name());
    status.putObject("daemonEndpoints").putObject("kubeletEndpoint").put("Port", port);
    ObjectNode info = status.putObject("nodeInfo");
    info.put("machineID", settings.name()).put("systemUUID", settings.name());
    info.put("bootID", settings.name());
    info.put("kernelVersion", System.getProperty("os.version"));
    info.put("osImage", "Havn")
        .put("operatingSystem", "linux")
        .put("architecture", architecture.name());
    info.put("containerRuntimeVersion", settings.runtime().version());
    info.put("kubeletVersion", settings.version()).put("kubeProxyVersion", "");
    var features = settings.runtime().features();
    status
        .putObject("features")
        .put("supplementalGroupsPolicy", features.contains(Feature.GROUPS_POLICY));
    ArrayNode handlers = status.putArray("runtimeHandlers");
    for (RuntimeHandler each : RuntimeHandlers.of(settings.runtime())) {
      ObjectNode able = handlers.addObject().put("name", each.name()).putObject("features");
      able.put("recursiveReadOnlyMounts", each.recursiveReadOnly())
          .put("userNamespaces", each.ownUsers());
    }
    status.set("declaredFeatures", features());
    return status;
  }

  private ArrayNode features() {
    return DeclaredFeatures.of(settings.runtime().needsImages());
  }

  /// Says that the node lives.
  private void renew() {
    String path = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
    String time = MicroTime.of(settings.clock().instant());
    ObjectNode spec = Api.object().put("holderIdentity", settings.name());
    spec.put("leaseDurationSeconds", LEASE_SECONDS).put("renewTime", time);
    ObjectNode patch = Api.object();
    patch.set("spec", spec);
    renewLease(path, patch);
    recoverIfSilent();
  }

  /// The lease is read only until it is known to be there.
  private void renewLease(String leases, ObjectNode patch) {
    String path = leases + "/" + settings.name();
    try {
      if (leased) {
        api.patchMerging(path, patch);
        return;
      }
    } catch (Api.RefusedException e) {
      if (e.code() != 404) {
        throw e;
      }
      leased = false;
    }
    Optional<JsonNode> lease = api.find(path);
    if (lease.isPresent()) {
      mergeIfNew(path, lease.get(), patch);
    } else {
      patch.put("kind", "Lease").put("apiVersion", "coordination.k8s.io/v1");
      ObjectNode metadata = patch.putObject("metadata").put("name", settings.name());
      ObjectNode owner = metadata.putArray("ownerReferences").addObject();
      owner.put("apiVersion", "v1").put("kind", "Node").put("name", settings.name());
      owner.set("uid", api.get("/api/v1/nodes/" + settings.name()).path("metadata").path("uid"));
      api.create(leases, patch.toString());
      // There was none that somebody could have found late.
      renewed = settings.clock().instant();
    }
    leased = true;
  }

  /// Nobody takes a node for silent that renews its lease in time, save one whose watch lags: who
  /// was late looks each time for a while, and so does a node that runs containers for its label;
  /// others once a minute.
  private void recoverIfSilent() {
    Instant now = settings.clock().instant();
    boolean late = renewed == null || Duration.between(renewed, now).abs().compareTo(LATE) > 0;
    renewed = now;
    renewals++;
    if (late) {
      watchesSelfUntil = renewals + LOOK_EVERY;
    }
    if (settings.runtime().needsImages()
        || renewals <= watchesSelfUntil
        || renewals % LOOK_EVERY == 0) {
      recover();
    }
  }

  /// Says anew that the node is Ready when somebody has found it silent meanwhile, as after a sleep
  /// of the machine, and what it can do when that was changed: by somebody who labels it, too.
  private void recover() {
    String path = "/api/v1/nodes/" + settings.name();
    Optional<JsonNode> node = api.find(path);
    if (node.isEmpty()) {
      return;
    }
    JsonNode said = node.get().path("status");
    boolean isSaid = architecture.follow(node.get());
    if (!isSaid) {
      conditions.observeRuntime(problems(), settings.clock().instant());
      ObjectNode labelled = Api.object();
      labelled.putObject("metadata").set("labels", architecture.labels(settings.name()));
      mergeIfNew(path, node.get(), labelled);
    }
    boolean isSilent = NodeConditions.areUnknown(said);
    if (!isSaid || isSilent || !features().equals(said.path("declaredFeatures"))) {
      ObjectNode patch = Api.object();
      patch.set("status", status());
      api.merge(path + "/status", patch);
    }
  }

  /// Ends the pods of the node in the time that they are to have. Returns at once.
  ///
  /// @return is complete when that is done
  public CompletableFuture<Void> shutDown() {
    conditions.goDown(settings.clock().instant());
    try {
      upkeep.writeConditions(List.of("NodeNotReady"));
    } catch (RuntimeException e) {
      LOG.warn("nobody is told that {} goes down: {}", settings.name(), e.toString());
    }
    return new NodeShutdown(
            reconciler, settings.configuration().shutdown(), settings.clock(), settings.executor())
        .begin();
  }

  /// Begins nothing more with its pods, which stay as they are; see [#ended()].
  @Override
  public void close() {
    rounds.close();
    tidying.close();
    controller.close();
    pods.close();
    if (devices != null) {
      devices.close();
    }
    sockets.close();
  }

  /// Is complete once the node is closed and nobody works on its pods any more: before that, what
  /// somebody else makes or removes of them is made or removed twice.
  public CompletableFuture<Void> ended() {
    return CompletableFuture.allOf(controller.ended(), tidying.ended());
  }
}
