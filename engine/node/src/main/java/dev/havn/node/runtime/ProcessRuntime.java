// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.image.ImageStore.Image;
import dev.havn.node.image.LocalImages;
import dev.havn.node.kernel.Cgroups;
import dev.havn.node.kernel.Consumption;
import dev.havn.node.kernel.Mounts;
import dev.havn.node.kernel.ProcessFigures;
import dev.havn.node.kernel.ProcessIdentity;
import dev.havn.node.kernel.Program;
import dev.havn.reconcile.Closing;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.InstantSource;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Containers as plain processes, with nothing but what every Linux has: `unshare` gives mounts and
/// process numbers of their own, the network is the machine's. A few lines of shell are each
/// container's parent; they outlive this process.
///
/// Besides what [ContainerFolders] keeps, a container's folder has its scripts, `process.json` for
/// commands that join it, `out` and `err` as the container wrote them, and `pid`, which is the line
/// of its first process in `/proc/PID/stat`.
public final class ProcessRuntime implements ContainerRuntime {
  /// The programs it needs.
  public static final List<String> PROGRAMS =
      List.of("unshare", "nsenter", "setsid", "setpriv", "mount", "fallocate", "mkfifo");

  private static final Logger LOG = LoggerFactory.getLogger(ProcessRuntime.class);

  private final Settings settings;
  private final ContainerFolders folders;
  private final ProcessKeeper keeper;
  private final Ends ends;
  private final Steps steps = new Steps();
  private final FolderUpkeep upkeep;
  private final ImageVolumes volumes;
  private final Map<String, ProcessLog> logs = new ConcurrentHashMap<>();

  /// @param folder where it keeps what it knows
  /// @param rootless whether a user namespace must give the rights
  public record Settings(
      Path folder,
      NodeId id,
      boolean rootless,
      LocalImages images,
      InstantSource clock,
      ScheduledExecutorService executor) {}

  private ProcessRuntime(Settings settings) throws IOException {
    this.settings = settings;
    this.folders = new ContainerFolders(settings.folder());
    this.keeper = new ProcessKeeper(folders);
    this.ends = new Ends(folders, settings.executor(), this::readLogs, this::care);
    this.volumes = new ImageVolumes(settings.images());
    this.upkeep = new FolderUpkeep(folders, ends, settings.images(), settings.executor(), steps);
  }

  /// Adopts the containers that are there.
  public static ProcessRuntime open(Settings settings) {
    try {
      ProcessRuntime runtime = new ProcessRuntime(settings);
      runtime.adopt();
      runtime.ends.begin();
      return runtime;
    } catch (IOException e) {
      throw failed(settings, e);
    }
  }

  /// Ends all that a runtime with these settings has left behind; nobody uses it.
  ///
  /// @return whether there was anything
  public static boolean cleanUp(Settings settings) {
    try (ProcessRuntime runtime = new ProcessRuntime(settings)) {
      boolean found = runtime.keeper.isAnyAlive();
      runtime.removeAll();
      return found;
    } catch (IOException e) {
      throw failed(settings, e);
    }
  }

  /// Why this machine does not let processes have mounts of their own; empty when it does.
  public static String refusal(boolean rootless) {
    try {
      List<String> command =
          rootless
              ? List.of(
                  "unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "true")
              : List.of("unshare", "--mount", "--pid", "--fork", "true");
      return Program.run(command).output();
    } catch (IOException e) {
      return String.valueOf(e.getMessage());
    }
  }

  private static StartException failed(Settings settings, IOException e) {
    return new StartException(
        "RuntimeError", "process runtime in " + settings.folder() + ": " + e.getMessage(), e);
  }

  @Override
  public String version() {
    return "process://1";
  }

  @Override
  public boolean needsImages() {
    return true;
  }

  @Override
  public Set<Feature> features() {
    Set<Feature> features =
        EnumSet.of(
            Feature.LOGS,
            Feature.EXEC,
            Feature.ATTACH,
            Feature.TERMINALS,
            Feature.PORTS,
            Feature.USAGE,
            Feature.ADOPTION);
    if (!settings.rootless()) {
      features.add(Feature.USERS);
      features.add(Feature.GROUPS_POLICY);
    }
    return features;
  }

  private void adopt() throws IOException {
    for (String uid : folders.pods()) {
      for (String containerId : folders.ids(uid)) {
        if (!folders.isRecorded(uid, containerId)) {
          remove(uid, containerId);
        }
      }
      for (Container each : folders.containers(uid)) {
        adoptLog(uid, each.id());
      }
    }
    upkeep.endAbandoned();
    upkeep.eachRunning(
        "commands in {} go on", home -> new ProcessExec(home, settings.rootless()).endAll());
  }

  /// A log that cannot be kept keeps the node from nothing else.
  private void adoptLog(String uid, String containerId) {
    try {
      logs.put(containerId, new ProcessLog(folders.home(uid, containerId), settings.clock()));
    } catch (IOException e) {
      LOG.warn("the log of {} is not kept: {}", containerId, e.toString());
    }
  }

  private void care() {
    upkeep.endAbandoned();
  }

  private void readLogs() {
    logs.forEach(this::readLog);
  }

  /// The last lines are in the log before anybody hears that the container has ended.
  private void readLog(String containerId, ProcessLog log) {
    boolean ended = folders.hasEnded(containerId);
    if (log.follow(ended) && ended) {
      logs.remove(containerId);
    }
  }

  @Override
  public String ensurePod(PodPlace place) {
    try {
      Files.createDirectories(folders.containersOf(place.uid()));
      return "";
    } catch (IOException e) {
      throw new StartException(
          "FailedCreatePodSandBox", "Failed to create pod sandbox: " + e.getMessage(), e);
    }
  }

  @Override
  public Optional<String> address(String podUid) {
    return Optional.empty();
  }

  @Override
  public void start(PodPlace place, ContainerSpec spec) {
    var unused = MountSources.make(spec);
    upkeep.start(place.uid(), spec, (image, containerId, home) -> launch(place, spec, image, home));
  }

  private void launch(PodPlace place, ContainerSpec spec, Image image, Path home)
      throws IOException {
    refuseProfile(spec);
    String containerId = ContainerFolders.idOf(place.uid(), spec);
    Bundle.Place at =
        new Bundle.Place(
            home.resolve("rootfs"),
            place.hostName(),
            Map.of("uts", ""),
            0,
            Map.of(),
            "",
            new Cgroups.Abilities(false, false),
            Bundle.PROCESSORS);
    ObjectNode process = new Bundle(spec, image, at).process();
    new ProcessCommand(image.rootfs(), spec, process).check();
    for (String each : List.of("rootfs", "upper", "work", "mounts")) {
      Files.createDirectories(home.resolve(each));
    }
    Program.must(List.of("chmod", "755", home.resolve("upper").toString()));
    ContainerSpec whole = spec.withMounts(volumes.with(spec.mounts(), image, home));
    try (SubPaths paths = SubPaths.hold(home, whole.mounts())) {
      keeper.write(
          home,
          new ProcessScripts(
              home,
              image.rootfs().toRealPath(),
              "havn-" + settings.id(),
              place.hostName(),
              place.sharing().hostProcesses(),
              whole,
              paths,
              process,
              settings.rootless()));
      keeper.launch(home, containerId);
    }
    logs.put(containerId, new ProcessLog(home, settings.clock()));
    folders.record(home, containerId, spec, image, settings.clock().instant());
  }

  /// A profile of somebody's own is there to keep a program from something. What is usual is asked
  /// for by most, and the node says that it is not done.
  private static void refuseProfile(ContainerSpec spec) {
    String profile = spec.security().seccomp();
    boolean isOwn = !profile.equals("Unconfined") && !profile.equals(Seccomp.RUNTIME_DEFAULT);
    if (isOwn && !spec.security().privileged()) {
      throw new StartException(
          "CreateContainerError",
          "seccomp is not supported, cannot set profile \"localhost/%s\""
              .formatted(Path.of(profile).getFileName()),
          null);
    }
  }

  @Override
  public List<Container> containers(String podUid) {
    List<Container> all = folders.containers(podUid);
    for (Container each : all) {
      ProcessLog log = logs.get(each.id());
      if (!each.running() && log != null) {
        readLog(each.id(), log);
      }
    }
    return all;
  }

  @Override
  public void stop(String podUid, String containerId, Duration grace) {
    upkeep.stop(podUid, containerId, grace);
  }

  /// The first process takes all others of its number space along; its session otherwise.
  private void kill(String podUid, String containerId) {
    signal(podUid, containerId, "KILL", true);
    signal(podUid, containerId, "KILL", false);
  }

  private void signal(String podUid, String containerId, String signal, boolean group) {
    Path home = folders.home(podUid, containerId);
    Optional<ProcessIdentity> first = ProcessIdentity.read(home.resolve("pid"));
    try {
      if (first.isPresent() && !folders.hasEnded(containerId)) {
        first.get().signal(signal, group);
      }
    } catch (IOException e) {
      LOG.warn("{} of {}: {}", signal, containerId, e.getMessage());
    }
  }

  @Override
  public Optional<Consumption> consumption(String podUid, String containerId) {
    return ProcessIdentity.read(folders.home(podUid, containerId).resolve("pid"))
        .filter(ProcessIdentity::isAlive)
        .flatMap(first -> ProcessFigures.of(first.pid()));
  }

  @Override
  public void remove(String podUid, String containerId) {
    upkeep.remove(podUid, containerId);
  }

  private final class Steps implements FolderUpkeep.Steps {
    @Override
    public void signal(String podUid, String containerId, String signal) {
      ProcessRuntime.this.signal(podUid, containerId, signal, false);
    }

    @Override
    public void kill(String podUid, String containerId) {
      ProcessRuntime.this.kill(podUid, containerId);
    }

    @Override
    public void release(String podUid, String containerId) throws IOException {
      Path home = folders.home(podUid, containerId);
      kill(podUid, containerId);
      keeper.awaitEnd(home, containerId);
      Path work = home.resolve("work").resolve("work");
      if (Files.exists(work)) {
        // The overlay makes it without any permission: its owner could not delete it.
        Files.setPosixFilePermissions(work, PosixFilePermissions.fromString("rwx------"));
      }
      if (folders.isRecorded(podUid, containerId)) {
        folders.end(containerId, ContainerFolders.EXIT_UNKNOWN);
      }
      ProcessLog log = logs.remove(containerId);
      if (log != null) {
        readLog(containerId, log);
      }
    }

    @Override
    public void vacate(String podUid) {}

    @Override
    public boolean isKept(Path home, String containerId) throws IOException {
      return keeper.isAlive(home, containerId);
    }

    @Override
    public void abandon(String podUid, String containerId) {
      kill(podUid, containerId);
    }
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
    ProcessExec exec = new ProcessExec(folders.home(podUid, containerId), settings.rootless());
    return exec.run(command, tty, streams, timeout);
  }

  @Override
  public void attach(String podUid, String containerId, boolean tty, Streams streams) {
    try {
      new ProcessAttachment(
              folders.home(podUid, containerId), () -> folders.hasEnded(containerId), tty)
          .run(streams);
    } catch (IOException e) {
      throw new StartException("AttachError", "attach: " + e.getMessage(), e);
    }
  }

  @Override
  public void connect(String podUid, int port, InputStream in, OutputStream out) {
    try {
      PortConnection.copy(
          sockets().socket(),
          new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
          in,
          out);
    } catch (IOException e) {
      throw new StartException("ForwardError", "port " + port + ": " + e.getMessage(), e);
    }
  }

  @Override
  public void removeAll() {
    Closing closing = new Closing();
    closing.step(
        () ->
            LastWords.await(
                folders,
                home -> ProcessIdentity.read(home.resolve("pid")).map(ProcessIdentity::pid)));
    upkeep.endAll(closing);
    closing.step(keeper::killAll);
    closing.step(() -> Mounts.detachBelow(settings.folder()));
    closing.ifFailed(said -> LOG.warn("node {} is not wholly removed: {}", settings.id(), said));
  }

  @Override
  public void close() {
    ends.close();
  }
}
