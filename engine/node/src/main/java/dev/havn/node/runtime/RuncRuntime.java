// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.addresses.AddressRange;
import dev.havn.addresses.Ranges;
import dev.havn.node.cni.CniNodes;
import dev.havn.node.image.ImageStore.Image;
import dev.havn.node.image.LocalImages;
import dev.havn.node.kernel.CgroupFigures;
import dev.havn.node.kernel.Cgroups;
import dev.havn.node.kernel.Consumption;
import dev.havn.node.kernel.KernelVersion;
import dev.havn.node.kernel.Mounts;
import dev.havn.node.kernel.ProcessBound;
import dev.havn.node.kernel.Processes;
import dev.havn.node.kernel.Tree;
import dev.havn.node.runtime.ContainerFiles.Users;
import dev.havn.reconcile.Closing;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Containers by runc or crun, each below a conmon of its own that keeps its log and its exit code:
/// they outlive this process, and the next one finds them by the files they leave.
///
/// Besides what [ContainerFolders] keeps, a container's folder has `config.json` for the program,
/// `pid`, and the folders of an overlay. Everything outside the folder carries the node's id.
public final class RuncRuntime implements ContainerRuntime {
  private static final Logger LOG = LoggerFactory.getLogger(RuncRuntime.class);

  private volatile String version = "";
  private final Settings settings;
  private final ContainerFolders folders;
  private final SandboxNetwork network;
  private final PodNamespaces namespaces;
  private final UserRanges ranges;
  private final ContainerFiles files;
  private final Runc runc;
  private final Conmon conmon;
  private final Ends ends;
  private final PodBounds bounds;
  private final Steps steps = new Steps();
  private final FolderUpkeep upkeep;
  private final ImageVolumes volumes;
  private final CdiSpecifications cdi = CdiSpecifications.ofMachine();
  private final CgroupFigures figures = CgroupFigures.ofMachine();
  private final LogCare logs;

  /// @param program that makes containers; those that another one has made stay what they are
  /// @param folder where it keeps what it knows
  /// @param addresses of the node's pods
  /// @param unreachable ranges of which no packet may leave the machine
  /// @param apiAddress of the Service `kubernetes`, to be had by this machine; empty for none
  /// @param mtu the largest packet on pods' links, in bytes
  /// @param podProcessesMax processes and threads of a pod; -1 for no bound
  /// @param plugins that make the network of pods, null for the node's own
  /// @param uplink of a node with a network namespace of its own, null for the machine's
  public record Settings(
      OciProgram program,
      Path folder,
      NodeId id,
      Ranges addresses,
      List<AddressRange> unreachable,
      String apiAddress,
      int mtu,
      int podProcessesMax,
      @Nullable Uplink uplink,
      LocalImages images,
      InstantSource clock,
      ScheduledExecutorService executor,
      @Nullable CniNodes plugins) {}

  private RuncRuntime(Settings settings) throws IOException {
    this.settings = settings;
    this.folders = new ContainerFolders(settings.folder());
    this.bounds = new PodBounds(settings.podProcessesMax());
    this.network = PluginNetwork.of(settings);
    this.namespaces = new PodNamespaces(state().resolve("pods"));
    this.ranges = UserRanges.ofMachine(settings.id());
    this.files = new ContainerFiles(state().resolve("mounts"), cgroup());
    this.runc = new Runc(state(), settings.program(), Runc.WITHIN);
    this.conmon = new Conmon(folders, runc);
    this.ends = new Ends(folders, settings.executor(), this::glance, this::care);
    this.volumes = new ImageVolumes(settings.images());
    this.upkeep = new FolderUpkeep(folders, ends, settings.images(), settings.executor(), steps);
    this.logs = LogCare.ofConmons(upkeep);
  }

  /// Makes the node's network and adopts the containers that are there.
  public static RuncRuntime open(Settings settings) {
    try {
      RuncRuntime runtime = new RuncRuntime(settings);
      runtime.namespaces.open();
      runtime.network.open();
      runtime.adopt();
      runtime.ends.begin();
      return runtime;
    } catch (IOException e) {
      throw failed(settings, e);
    }
  }

  /// Removes all that a runtime with these settings has left outside its folder; nobody uses it.
  ///
  /// @return whether there was anything
  public static boolean cleanUp(Settings settings) {
    try (RuncRuntime runtime = new RuncRuntime(settings)) {
      boolean found = runtime.network.isOpen() || Files.exists(runtime.state());
      runtime.removeAll();
      return found;
    } catch (IOException e) {
      throw failed(settings, e);
    }
  }

  private static StartException failed(Settings settings, IOException e) {
    return new StartException(
        "RuntimeError",
        settings.program().word() + " runtime in " + settings.folder() + ": " + e.getMessage(),
        e);
  }

  /// Asked for once: the status of every container names the runtime.
  @Override
  public String version() {
    String known = version;
    if (known.isEmpty()) {
      try {
        known = settings.program().word() + "://" + settings.program().version();
      } catch (IOException e) {
        throw failed(settings, e);
      }
      version = known;
    }
    return known;
  }

  @Override
  public boolean needsImages() {
    return true;
  }

  @Override
  public Set<Feature> features() {
    Set<Feature> features = EnumSet.complementOf(EnumSet.of(Feature.HANDLERS));
    if (!KernelVersion.ofMachine().isAtLeast(5, 12)) {
      // `mount_setattr` came with it.
      features.remove(Feature.RECURSIVE_READ_ONLY);
    }
    if (!NamespaceHolder.arePossible()) {
      features.remove(Feature.USER_NAMESPACES);
    }
    return features;
  }

  /// A restart of the machine empties it.
  private Path state() {
    return Path.of("/run", cgroup());
  }

  private String cgroup() {
    return "havn-" + settings.id();
  }

  private String cgroup(String podUid) {
    return settings.id().cgroup(podUid);
  }

  private String group(String podUid, String containerId) {
    return cgroup(podUid) + "/" + containerId.substring(podUid.length() + 1);
  }

  /// What was broken off in the making is taken back; what ended unseen is said to have ended.
  private void adopt() throws IOException {
    runc.tellOfStrangers();
    Map<String, String> states = runc.list();
    for (String uid : folders.pods()) {
      for (String containerId : folders.ids(uid)) {
        boolean begun = !folders.isRecorded(uid, containerId);
        boolean unstarted = "created".equals(states.getOrDefault(containerId, ""));
        if (begun || (unstarted && !folders.hasEnded(containerId))) {
          remove(uid, containerId);
        }
      }
    }
    ranges.keep(folders.pods());
    upkeep.endAbandoned();
    runc.endCommands();
  }

  private void delete(String containerId) throws IOException {
    runc.delete(containerId, group(ContainerFolders.podOf(containerId), containerId));
  }

  private void glance() {
    logs.glance();
  }

  private void care() {
    upkeep.endAbandoned();
    logs.care();
    network.look();
    runc.tryAgain();
  }

  @Override
  public String ensurePod(PodPlace place) {
    try {
      Files.createDirectories(folders.containersOf(place.uid()));
      Optional<Users> users = users(place);
      namespaces.ensure(place, users.map(Users::first).orElse(0L));
      bounds.apply(cgroup(place.uid()), place.bounds());
      return network.ensure(place, users.map(Users::namespace));
    } catch (IOException e) {
      throw new StartException(
          "FailedCreatePodSandBox", "Failed to create pod sandbox: " + e.getMessage(), e);
    }
  }

  /// Nothing for a pod that has the machine's.
  private Optional<Users> users(PodPlace place) throws IOException {
    return place.sharing().ownUsers()
        ? Optional.of(new Users(ranges.give(place.uid()), namespaces.users(place.uid())))
        : Optional.empty();
  }

  @Override
  public List<String> problems() {
    return Stream.concat(runc.problems().stream(), network.problems().stream()).toList();
  }

  @Override
  public Optional<String> address(String podUid) {
    try {
      return network.find(podUid);
    } catch (IOException e) {
      throw failed(settings, e);
    }
  }

  @Override
  public List<String> reported(String address) {
    return network.reported(address);
  }

  @Override
  public void start(PodPlace place, ContainerSpec spec) {
    ContainerSpec whole = CdiEdits.apply(MountSources.make(spec), cdi);
    upkeep.start(
        place.uid(), whole, (image, containerId, home) -> launch(place, whole, image, home));
  }

  private void launch(PodPlace place, ContainerSpec spec, Image image, Path home)
      throws IOException {
    String containerId = ContainerFolders.idOf(place.uid(), spec);
    List<Mount> all = volumes.with(spec.mounts(), image, home);
    Optional<Users> users = users(place);
    Bundle.Place at =
        new Bundle.Place(
            files.root(containerId, users, image.rootfs(), home),
            place.hostName(),
            namespaces(place, spec),
            users.map(Users::first).orElse(0L),
            place.sysctls(),
            "/" + group(place.uid(), containerId));
    try (SubPaths paths = SubPaths.hold(home, all)) {
      List<Mount> mounts = files.mounts(containerId, users, namespaces.mounts(place, paths.bind()));
      Bundle bundle = new Bundle(spec.withMounts(mounts), image, at);
      bundle.write(home);
      conmon.create(home, containerId, spec);
      ContainerFiles.giveStreams(home, users, bundle.process().path("user"));
    }
    folders.record(home, containerId, spec, image, settings.clock().instant());
    runc.start(containerId);
  }

  /// By kind: the path of the namespace to join, or an empty one for a new one.
  private Map<String, String> namespaces(PodPlace place, ContainerSpec spec) throws IOException {
    Map<String, String> paths = namespaces.of(place);
    network.file(place).ifPresent(each -> paths.put("network", each.toString()));
    if (!spec.processesOf().isEmpty()) {
      for (Container each : containers(place.uid())) {
        if (each.name().equals(spec.processesOf()) && each.running()) {
          Path pid = folders.home(place.uid(), each.id()).resolve("pid");
          paths.put("pid", "/proc/" + Files.readString(pid).strip() + "/ns/pid");
        }
      }
    }
    return paths;
  }

  @Override
  public List<Container> containers(String podUid) {
    return folders.containers(podUid);
  }

  @Override
  public void stop(String podUid, String containerId, Duration grace) {
    upkeep.stop(podUid, containerId, grace);
  }

  @Override
  public void resize(String podUid, String containerId, Resources resources) {
    runc.update(containerId, group(podUid, containerId), resources);
  }

  @Override
  public void resizePod(String podUid, Resources resources) {
    bounds.change(cgroup(podUid), resources);
  }

  @Override
  public Optional<Consumption> consumption(String podUid, String containerId) {
    return cgroup(podUid, containerId).flatMap(figures::read);
  }

  @Override
  public Optional<String> cgroup(String podUid, String containerId) {
    String own = containerId.isEmpty() ? "" : "/" + containerId.substring(podUid.length() + 1);
    return Optional.of(cgroup() + (podUid.isEmpty() ? "" : "/" + podUid) + own);
  }

  @Override
  public ProcessBound processBound(String podUid) {
    return figures.processBound(cgroup(podUid));
  }

  @Override
  public long logBytesPutAway(String containerId) {
    return logs.bytesPutAway(containerId);
  }

  @Override
  public List<Path> written(String podUid, String containerId) {
    Path home = folders.home(podUid, containerId);
    List<Path> written = new ArrayList<>(LogRotation.files(home));
    written.addAll(List.of(home.resolve("upper"), home.resolve(ImageVolumes.FOLDER)));
    return written;
  }

  @Override
  public void remove(String podUid, String containerId) {
    upkeep.remove(podUid, containerId);
  }

  private final class Steps implements FolderUpkeep.Steps {
    @Override
    public void signal(String podUid, String containerId, String signal) {
      if (!folders.hasEnded(containerId)) {
        runc.signal(containerId, signal);
      }
    }

    @Override
    public void kill(String podUid, String containerId) {
      if (!folders.hasEnded(containerId)) {
        runc.kill(containerId, group(podUid, containerId));
      }
    }

    @Override
    public void release(String podUid, String containerId) throws IOException {
      Path home = folders.home(podUid, containerId);
      delete(containerId);
      Optional<Long> parent = Processes.read(home.resolve("parent"));
      if (parent.isPresent()) {
        Conmon.awaitEnd(parent.get(), containerId);
      }
      if (folders.isRecorded(podUid, containerId)) {
        folders.end(containerId, ContainerFolders.EXIT_UNKNOWN);
      }
      files.remove(containerId);
      Mounts.detachBelow(home);
    }

    @Override
    public void vacate(String podUid) throws IOException {
      network.remove(podUid);
      bounds.forget(cgroup(podUid));
      namespaces.remove(podUid);
      ranges.free(podUid);
      Cgroups.remove(cgroup(podUid));
    }

    @Override
    public boolean isKept(Path home, String containerId) throws IOException {
      return !Files.exists(home.resolve("parent")) || Conmon.isAlive(home, containerId);
    }

    @Override
    public void abandon(String podUid, String containerId) throws IOException {
      delete(containerId);
    }
  }

  @Override
  public boolean leave(String podUid) {
    return upkeep.leave(podUid);
  }

  @Override
  public void removePod(String podUid) {
    upkeep.removePod(podUid);
  }

  @Override
  public List<String> pods() {
    return folders.pods();
  }

  @Override
  public void onChange(Consumer<String> listener) {
    ends.onEnd(listener);
  }

  @Override
  public int exec(
      String podUid,
      String containerId,
      List<String> command,
      boolean tty,
      Streams streams,
      Duration timeout) {
    Path home = folders.home(podUid, containerId);
    try (CommandFile process = new CommandFile(home, runc.commands(), command, tty)) {
      List<String> words = runc.exec(containerId, process);
      return Exec.run(tty ? Exec.onTerminal(words) : words, Map.of(), streams, timeout);
    } catch (IOException e) {
      throw new StartException("ExecError", "exec: " + e.getMessage(), e);
    }
  }

  @Override
  public void attach(String podUid, String containerId, boolean tty, Streams streams) {
    Path home = folders.home(podUid, containerId);
    try (Attachment attachment = new Attachment(home, tty)) {
      attachment.run(streams);
    } catch (IOException e) {
      throw new StartException("AttachError", "attach: " + e.getMessage(), e);
    }
  }

  @Override
  public void connect(String podUid, int port, InputStream in, OutputStream out) {
    try {
      PortConnection.copy(sockets().socket(), network.port(podUid, port), in, out);
    } catch (IOException e) {
      throw new StartException("ForwardError", "port " + port + ": " + e.getMessage(), e);
    }
  }

  @Override
  public NodeSockets sockets() {
    return network.sockets();
  }

  @Override
  public void removeAll() {
    Closing closing = new Closing();
    closing.step(() -> LastWords.await(folders, home -> Processes.read(home.resolve("pid"))));
    upkeep.endAll(closing);
    closing.step(() -> runc.list().keySet().forEach(each -> closing.step(() -> delete(each))));
    closing.step(conmon::killAll);
    closing.step(() -> Cgroups.kill(cgroup()));
    closing.step(network::removeAll);
    closing.step(namespaces::removeAll);
    closing.step(() -> ranges.keep(List.of()));
    closing.step(() -> Mounts.detachBelow(settings.folder()));
    closing.step(() -> Cgroups.remove(cgroup()));
    // Of what is still mounted in there nothing is deleted.
    if (closing.step(files::removeAll)) {
      closing.step(() -> Tree.delete(state()));
    }
    closing.ifFailed(said -> LOG.warn("node {} is not wholly removed: {}", settings.id(), said));
  }

  @Override
  public void close() {
    ends.close();
  }
}
