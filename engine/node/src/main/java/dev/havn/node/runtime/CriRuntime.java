// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.addresses.AddressRange;
import dev.havn.addresses.Ranges;
import dev.havn.node.cri.CriClient;
import dev.havn.node.cri.CriException;
import dev.havn.node.kernel.CgroupFigures;
import dev.havn.node.kernel.Cgroups;
import dev.havn.node.kernel.Consumption;
import dev.havn.node.kernel.Mounts;
import dev.havn.node.kernel.ProcessBound;
import dev.havn.node.kernel.ProcessSignals;
import dev.havn.node.protocol.cri.Cri;
import dev.havn.reconcile.Closing;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Containers by a runtime that speaks CRI, as containerd and CRI-O do: it has the images, makes
/// pods and containers and keeps them while no Havn runs. What is the node's own carries a label
/// with the node's id, by which the next process finds it.
public final class CriRuntime implements ContainerRuntime {
  /// The programs it needs itself.
  public static final List<String> PROGRAMS = List.of("ip", "nsenter", "mount", "umount");

  private static final Logger LOG = LoggerFactory.getLogger(CriRuntime.class);
  private static final CgroupFigures FIGURES = CgroupFigures.ofMachine();
  private static final String SOCKET = "socket";
  private static final Duration SANDBOX_WITHIN = Duration.ofMinutes(4);

  /// How long one that listens has when all is removed.
  private static final Duration LAST_GRACE = Duration.ofSeconds(2);

  private final Settings settings;
  private final CriClient client;
  private final CriFolders folders;
  private final CriPods pods;
  private final CriNetwork network;
  private final CriContainers containers;
  private final CriStarts starts;
  private final CriStreams streams;
  private final CriUpkeep upkeep;
  private final CriConfigs configs;
  private final CriAbilities abilities;
  private final PodBounds bounds;

  /// By sandbox.
  private final Map<String, String> addresses = new ConcurrentHashMap<>();

  /// @param client whose owner closes it
  /// @param folder where logs and what is to be known of the ended lie
  /// @param addresses of the node's pods
  /// @param unreachable ranges of which no packet may leave the machine
  /// @param apiAddress of the Service `kubernetes`, to be had by this machine; empty for none
  /// @param mtu the largest packet on pods' links, in bytes
  /// @param podProcessesMax processes and threads of a pod; -1 for no bound
  public record Settings(
      CriClient client,
      Path folder,
      NodeId id,
      Ranges addresses,
      List<AddressRange> unreachable,
      String apiAddress,
      int mtu,
      int podProcessesMax,
      InstantSource clock,
      ScheduledExecutorService executor) {}

  private CriRuntime(Settings settings) throws IOException {
    this.settings = settings;
    this.client = settings.client();
    this.folders = new CriFolders(settings.folder());
    this.bounds = new PodBounds(settings.podProcessesMax());
    this.pods = new CriPods(client, settings.id().toString());
    this.network =
        new CriNetwork(
            client,
            new PodNetwork(
                settings.folder().resolve("addresses"),
                settings.id(),
                settings.addresses(),
                settings.unreachable(),
                settings.apiAddress(),
                settings.mtu(),
                true,
                null),
            settings.id(),
            settings.addresses(),
            settings.folder().resolve("cni"));
    this.streams = new CriStreams(client, settings.executor());
    this.upkeep = new CriUpkeep(client, pods, folders, settings.clock(), settings.executor());
    this.configs = new CriConfigs(settings.id().toString(), cgroup());
    this.containers = new CriContainers(pods, folders);
    this.starts = new CriStarts(client, pods, folders, configs);
    this.abilities =
        CriAbilities.of(client.ask(stub -> stub.status(Cri.StatusRequest.getDefaultInstance())));
  }

  /// Makes the node's network and adopts the containers that are there.
  public static CriRuntime open(Settings settings) {
    try {
      CriRuntime runtime = new CriRuntime(settings);
      Path note = settings.folder().resolve(SOCKET);
      Files.writeString(note, settings.client().socket().toString());
      runtime.network.open();
      runtime.adopt();
      runtime.upkeep.begin();
      return runtime;
    } catch (IOException | CriException e) {
      throw failed(settings, e);
    }
  }

  /// Removes all that a runtime with these settings has left outside its folder; nobody uses it.
  ///
  /// @return whether there was anything
  public static boolean cleanUp(Settings settings) {
    try (CriRuntime runtime = new CriRuntime(settings)) {
      boolean found = runtime.network.isOpen() || !runtime.pods.sandboxes().isEmpty();
      runtime.removeAll();
      return found;
    } catch (IOException | CriException e) {
      throw failed(settings, e);
    }
  }

  /// The socket of the runtime that has containers of this folder; empty when none has.
  public static Optional<Path> socket(Path folder) throws IOException {
    Path note = folder.resolve(SOCKET);
    return Files.exists(note)
        ? Optional.of(Path.of(Files.readString(note).strip()))
        : Optional.empty();
  }

  private static StartException failed(Settings settings, Exception e) {
    return new StartException(
        "RuntimeError", "runtime at " + settings.client().socket() + ": " + e.getMessage(), e);
  }

  /// Of its pods' control groups; empty when the runtime leaves them to systemd, which names them.
  private String cgroup() throws IOException {
    JsonNode containerd = CriNetwork.info(client, "config").path("containerd");
    String name = containerd.path("defaultRuntimeName").asText("");
    JsonNode options = containerd.path("runtimes").path(name).path("options");
    boolean isKnown = !name.isEmpty();
    return isKnown && !options.path("SystemdCgroup").asBoolean() ? "havn-" + settings.id() : "";
  }

  @Override
  public String version() {
    return client.version();
  }

  @Override
  public boolean needsImages() {
    return true;
  }

  @Override
  public Set<Feature> features() {
    return EnumSet.copyOf(abilities.features());
  }

  @Override
  public List<RuntimeHandler> handlers() {
    return abilities.handlers();
  }

  @Override
  public List<String> problems() {
    return upkeep.problems();
  }

  /// What was made and never started is taken back.
  private void adopt() {
    for (Cri.Container each : pods.containers()) {
      if (each.getState() == Cri.ContainerState.CONTAINER_CREATED) {
        pods.removeContainer(each.getId());
      }
    }
  }

  @Override
  public String ensurePod(PodPlace place) {
    try {
      Files.createDirectories(folders.pod(place.uid()));
      configs.cgroup(place.uid()).ifPresent(each -> bounds.apply(each, place.bounds()));
      List<Cri.PodSandbox> all = pods.sandboxes(place.uid());
      Optional<Cri.PodSandbox> ready =
          all.stream()
              .filter(each -> each.getState() == Cri.PodSandboxState.SANDBOX_READY)
              .findFirst();
      String sandbox = ready.isPresent() ? ready.get().getId() : run(place, all);
      return place.sharing().hostNetwork() ? "" : placed(sandbox);
    } catch (IOException | CriException e) {
      throw new StartException(
          "FailedCreatePodSandBox", "Failed to create pod sandbox: " + e.getMessage(), e);
    }
  }

  /// Makes a sandbox; those before it, of which nothing runs any more, keep how containers ended.
  private String run(PodPlace place, List<Cri.PodSandbox> before) throws IOException {
    before.forEach(each -> pods.stopSandbox(each.getId()));
    int attempt =
        before.stream().mapToInt(each -> each.getMetadata().getAttempt() + 1).max().orElse(0);
    var request = configs.request(place, attempt, folders.pod(place.uid()));
    String sandbox =
        client.ask(SANDBOX_WITHIN, stub -> stub.runPodSandbox(request)).getPodSandboxId();
    if (!place.sharing().hostNetwork()) {
      try {
        String unused = placed(sandbox);
      } catch (IOException | CriException e) {
        pods.removeSandbox(sandbox);
        throw e;
      }
    }
    return sandbox;
  }

  /// The address of a sandbox, which is made ready for the cluster's network.
  private String placed(String sandbox) throws IOException {
    String known = addresses.get(sandbox);
    if (known != null) {
      return known;
    }
    Cri.PodSandboxStatusResponse status = pods.sandboxStatus(sandbox, true);
    String address = status.getStatus().getNetwork().getIp();
    String namespace =
        CriPods.namespace(status)
            .orElseThrow(
                () -> new IOException("the runtime does not tell the network of " + sandbox));
    network.place(namespace, address);
    addresses.put(sandbox, address);
    return address;
  }

  @Override
  public Optional<String> address(String podUid) {
    return asking(
        "address of pod " + podUid,
        () ->
            pods.ready(podUid)
                .map(
                    each ->
                        pods.sandboxStatus(each.getId(), false).getStatus().getNetwork().getIp())
                .filter(each -> !each.isEmpty()));
  }

  @Override
  public void start(PodPlace place, ContainerSpec spec) {
    starts.start(place, spec);
  }

  @Override
  public List<Container> containers(String podUid) {
    return asking("containers of pod " + podUid, () -> containers.of(podUid));
  }

  @Override
  public void stop(String podUid, String containerId, Duration grace) {
    upkeep.stop(podUid, containerId, grace);
  }

  @Override
  public void resize(String podUid, String containerId, Resources resources) {
    try {
      pods.updateContainer(containerId, resources);
    } catch (CriException e) {
      throw new StartException("ResizeError", "resize: " + e.description(), e);
    }
  }

  @Override
  public void resizePod(String podUid, Resources resources) {
    cgroup(podUid, "").ifPresent(each -> bounds.change(each, resources));
  }

  @Override
  public Optional<Consumption> consumption(String podUid, String containerId) {
    return stats(containerId)
        .filter(each -> each.hasCpu() && each.hasMemory())
        .map(
            each ->
                new Consumption(
                    each.getCpu().getUsageCoreNanoSeconds().getValue(),
                    each.getMemory().getWorkingSetBytes().getValue()));
  }

  @Override
  public long layerBytes(String podUid, String containerId) {
    return stats(containerId)
        .map(each -> each.getWritableLayer().getUsedBytes().getValue())
        .orElse(0L);
  }

  /// Nobody counts for one that is gone or has ended.
  private Optional<Cri.ContainerStats> stats(String containerId) {
    var request = Cri.ContainerStatsRequest.newBuilder().setContainerId(containerId).build();
    try {
      return Optional.of(client.ask(stub -> stub.containerStats(request)).getStats());
    } catch (CriException e) {
      LOG.debug("what {} uses is not counted: {}", containerId, e.getMessage());
      return Optional.empty();
    }
  }

  @Override
  public ProcessBound processBound(String podUid) {
    return cgroup(podUid, "").map(FIGURES::processBound).orElse(ProcessBound.NONE);
  }

  @Override
  public Optional<String> cgroup(String podUid, String containerId) {
    String own = containerId.isEmpty() ? "" : "/" + containerId;
    String pod = podUid.isEmpty() ? "" : "/" + podUid;
    return Optional.of(configs.cgroup() + pod + own).filter(_ -> !configs.cgroup().isEmpty());
  }

  @Override
  public List<Path> written(String podUid, String containerId) {
    return containers(podUid).stream()
        .filter(each -> each.id().equals(containerId))
        .map(each -> folders.home(podUid, each.name(), each.attempt()))
        .toList();
  }

  @Override
  public void remove(String podUid, String containerId) {
    for (Container each : containers(podUid)) {
      if (each.id().equals(containerId)) {
        doing(
            "container " + containerId,
            () -> {
              pods.removeContainer(containerId);
              folders.removeHome(folders.home(podUid, each.name(), each.attempt()));
            });
      }
    }
  }

  @Override
  public void removePod(String podUid) {
    doing(
        "pod " + podUid,
        () -> {
          removeSandboxes(pods.containers(podUid), pods.sandboxes(podUid));
          bounds.forget(configs.cgroup() + "/" + podUid);
          if (!configs.cgroup().isEmpty()) {
            Cgroups.remove(configs.cgroup() + "/" + podUid);
          }
          folders.removePod(podUid);
        });
  }

  private void removeSandboxes(List<Cri.Container> containers, List<Cri.PodSandbox> sandboxes) {
    for (Cri.PodSandbox each : sandboxes) {
      pods.removeSandbox(each.getId());
      addresses.remove(each.getId());
    }
    containers.forEach(each -> pods.forget(each.getId()));
  }

  @Override
  public List<String> pods() {
    return asking(
        "pods",
        () -> {
          Set<String> uids = new HashSet<>(folders.pods());
          pods.sandboxes().forEach(each -> uids.add(each.getMetadata().getUid()));
          return List.copyOf(uids);
        });
  }

  @Override
  public void onChange(Consumer<String> listener) {
    upkeep.onChange(listener);
  }

  @Override
  public int exec(
      String podUid,
      String containerId,
      List<String> command,
      boolean tty,
      Streams ends,
      Duration timeout) {
    return streams.exec(containerId, command, tty, ends, timeout);
  }

  @Override
  public void attach(String podUid, String containerId, boolean tty, Streams ends) {
    streams.attach(containerId, tty, ends);
  }

  @Override
  public void connect(String podUid, int port, InputStream in, OutputStream out) {
    String sandbox =
        asking("pod " + podUid, () -> pods.ready(podUid))
            .map(Cri.PodSandbox::getId)
            .orElseThrow(() -> new StartException("ForwardError", "the pod has no sandbox", null));
    streams.connect(sandbox, port, in, out);
  }

  @Override
  public void removeAll() {
    Closing closing = new Closing();
    closing.step(() -> endAll(closing));
    if (!configs.cgroup().isEmpty()) {
      closing.step(() -> Cgroups.remove(configs.cgroup()));
    }
    closing.step(network::removeAll);
    closing.step(() -> Mounts.detachBelow(settings.folder()));
    closing.ifFailed(said -> LOG.warn("node {} is not wholly removed: {}", settings.id(), said));
  }

  private void endAll(Closing closing) {
    List<Cri.Container> all = pods.containers();
    closing.step(() -> upkeep.stopAll(all, this::lastGrace));
    for (String uid : pods()) {
      closing.step(() -> containers(uid).forEach(it -> closing.step(() -> folders.end(uid, it))));
    }
    CriUpkeep.forEach(pods.sandboxes(), each -> removeSandboxes(List.of(), List.of(each)));
    all.forEach(each -> pods.forget(each.getId()));
  }

  /// Whoever would not listen is not waited for.
  private Duration lastGrace(Cri.Container container) {
    try {
      String info = pods.containerStatus(container.getId(), true).getInfoOrDefault("info", "{}");
      long pid = CriNetwork.json(info).path("pid").asLong();
      return pid > 0 && ProcessSignals.listensToEnd(pid) ? LAST_GRACE : Duration.ZERO;
    } catch (IOException e) {
      LOG.debug("{} is not asked to end: {}", container.getId(), e.getMessage());
      return Duration.ZERO;
    }
  }

  @Override
  public void close() {
    upkeep.close();
  }

  private interface Question<T> {
    T ask() throws IOException;
  }

  private interface Deed {
    void run() throws IOException;
  }

  private static void doing(String what, Deed deed) {
    Boolean unused =
        asking(
            what,
            () -> {
              deed.run();
              return true;
            });
  }

  private static <T> T asking(String what, Question<T> question) {
    try {
      return question.ask();
    } catch (IOException | CriException e) {
      throw new StartException("RuntimeError", what + ": " + e.getMessage(), e);
    }
  }
}
