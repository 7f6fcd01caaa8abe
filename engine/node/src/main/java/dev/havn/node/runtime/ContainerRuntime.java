// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.cni.Sandbox;
import dev.havn.node.kernel.CgroupCounter;
import dev.havn.node.kernel.CgroupFigures;
import dev.havn.node.kernel.CgroupReader;
import dev.havn.node.kernel.Consumption;
import dev.havn.node.kernel.ProcessBound;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Runs the containers of pods. Blocking; safe for many threads, one at a time per pod.
public interface ContainerRuntime extends AutoCloseable {

  /// As `status.nodeInfo.containerRuntimeVersion` names it: `runc://1.1.5`.
  String version();

  /// Whether containers are made from images, so that one must be there.
  boolean needsImages();

  /// What a runtime may be unable to do; what it does not name it does not do.
  enum Feature {
    /// keeps what containers write
    LOGS,
    /// runs commands in containers
    EXEC,
    ATTACH,
    /// gives terminals
    TERMINALS,
    /// reaches ports of pods
    PORTS,
    /// gives each pod an address of its own
    POD_ADDRESSES,
    /// lets containers of a pod share processes
    SHARED_PROCESSES,
    /// gives the containers of a pod one `/dev/shm`, and of one with `hostIPC` the machine's
    SHARED_MEMORY,
    /// runs containers as any user
    USERS,
    /// keeps the groups that an image gives a user from pods that do not want them
    GROUPS_POLICY,
    /// bounds processor time and memory
    LIMITS,
    /// counts what containers use
    USAGE,
    /// enforces capabilities and seccomp profiles
    HARDENING,
    /// mounts of volumes that hold others are read-only with all that is in them
    RECURSIVE_READ_ONLY,
    /// gives pods users of their own, whom the machine does not know
    USER_NAMESPACES,
    /// gives containers devices of the machine
    DEVICES,
    /// gives containers what specifications of the Container Device Interface say
    CDI,
    /// containers outlive this process, and the next one finds them
    ADOPTION,
    /// keeps a pod apart from others by the handler that it names
    HANDLERS
  }

  Set<Feature> features();

  /// What keeps pods apart, where the runtime tells.
  default List<RuntimeHandler> handlers() {
    return List.of();
  }

  /// A pod's place: its namespaces and address.
  ///
  /// @param sysctls kernel parameters of its namespaces
  /// @param privileged whether one of its containers may do all that the machine may
  /// @param bounds of all its containers together
  /// @param wishes of whoever makes its network
  /// @param handler of its class, empty for the usual one; asked for when the pod is kept apart,
  ///   and not again as long as it is
  record PodPlace(
      String uid,
      String namespace,
      String name,
      String hostName,
      Sharing sharing,
      Map<String, String> sysctls,
      boolean privileged,
      Resources bounds,
      Wishes wishes,
      Supplier<String> handler) {
    private static final Supplier<String> USUAL = () -> "";

    /// Of a pod that wants of its network what all have, and has no class.
    public PodPlace(
        String uid,
        String namespace,
        String name,
        String hostName,
        Sharing sharing,
        Map<String, String> sysctls,
        boolean privileged,
        Resources bounds) {
      this(
          uid, namespace, name, hostName, sharing, sysctls, privileged, bounds, Wishes.NONE, USUAL);
    }
  }

  /// What a pod wants of a network that plugins make.
  ///
  /// @param ports of the machine
  /// @param annotations of the pod, in which plugins find more
  /// @param dns what its `resolv.conf` says, found out by who asks
  record Wishes(
      List<Sandbox.Port> ports, Map<String, String> annotations, Supplier<Sandbox.Dns> dns) {
    public static final Wishes NONE = new Wishes(List.of(), Map.of(), () -> Sandbox.Dns.NONE);
  }

  /// Which namespaces a pod has of its own.
  ///
  /// @param hostNetwork whether it has the node's own network
  /// @param sharedProcesses whether its containers see each other's processes
  /// @param ownUsers whether its root and its other users are nobody to the machine; it has none of
  ///   the machine's namespaces then
  record Sharing(
      boolean hostNetwork,
      boolean hostProcesses,
      boolean hostIpc,
      boolean sharedProcesses,
      boolean ownUsers) {}

  /// A container to be started.
  ///
  /// @param attempt 0 for the first start, one more for each restart
  /// @param command replaces the image's entrypoint when not empty
  /// @param arguments replace the image's command when not empty
  /// @param mounts from the host into the container
  /// @param devices of the host that it may use
  /// @param terminal whether it has a terminal, and who may write to it
  /// @param processesOf the container whose processes it sees, empty for the pod's rule
  /// @param additions of plugins
  record ContainerSpec(
      String name,
      int attempt,
      String image,
      List<String> command,
      List<String> arguments,
      Map<String, String> environment,
      String workingDirectory,
      List<Mount> mounts,
      List<Device> devices,
      Security security,
      Resources resources,
      Terminal terminal,
      String processesOf,
      Additions additions) {
    ContainerSpec withMounts(List<Mount> others) {
      return with(environment, others, devices, security, additions);
    }

    ContainerSpec with(
        Map<String, String> variables,
        List<Mount> mounted,
        List<Device> given,
        Security secured,
        Additions added) {
      return new ContainerSpec(
          name,
          attempt,
          image,
          command,
          arguments,
          variables,
          workingDirectory,
          mounted,
          given,
          secured,
          resources,
          terminal,
          processesOf,
          added);
    }
  }

  /// What plugins give a container beside mounts, devices and variables.
  ///
  /// @param cdiDevices qualified names of the Container Device Interface: `vendor.com/class=name`
  /// @param annotations for the runtime
  /// @param hooks that the runtime runs
  record Additions(List<String> cdiDevices, Map<String, String> annotations, List<Hook> hooks) {
    public static final Additions NONE = new Additions(List.of(), Map.of(), List.of());
  }

  /// A program that runs at a moment of a container's life, as OCI's runtime specification has it.
  ///
  /// @param moment such as `createContainer`
  /// @param arguments with the program's own name
  /// @param timeoutSeconds 0 for none
  record Hook(
      String moment,
      String path,
      List<String> arguments,
      List<String> environment,
      int timeoutSeconds) {}

  /// @param once whether standard input ends with the first client that leaves
  record Terminal(boolean tty, boolean stdin, boolean once) {
    static final Terminal NONE = new Terminal(false, false, false);
  }

  /// @param subPath what of the source, empty for all of it: found when the container is made, and
  ///   never outside the source; folders that are missing are made
  /// @param propagation `rprivate`, `rslave` or `rshared`
  /// @param options more of the kernel's, such as `nosuid`
  record Mount(
      Path source,
      String subPath,
      String target,
      Access access,
      String propagation,
      List<String> options) {
    public Mount(Path source, String subPath, String target, Access access, String propagation) {
      this(source, subPath, target, access, propagation, List.of());
    }

    public Mount(Path source, String target, boolean readOnly) {
      this(source, "", target, readOnly ? Access.READ : Access.WRITE, "rprivate");
    }

    boolean readOnly() {
      return access != Access.WRITE;
    }
  }

  /// How a mount may be used.
  enum Access {
    WRITE,
    READ,
    /// what is mounted in it is read-only, too
    READ_ALL
  }

  /// A device of the machine that a container may use.
  ///
  /// @param source a device, a link to one, or a folder of them
  /// @param target where the container finds it
  /// @param access some of the letters `r`, `w` and `m`, which is to make nodes of it
  /// @param node how the container sees it
  record Device(Path source, String target, String access, DeviceNode node) {
    static final String ALL = "rwm";

    public Device(Path source, String target) {
      this(source, target, ALL, DeviceNode.AS_SOURCE);
    }
  }

  /// What is not said is as at the source.
  ///
  /// @param type `b` for blocks, `c` or `u` for characters, `p` for a pipe
  /// @param mode permissions
  /// @param ofProcess whether it belongs to whom the container runs as, unless said otherwise
  record DeviceNode(
      @Nullable String type,
      @Nullable Long major,
      @Nullable Long minor,
      @Nullable Integer mode,
      @Nullable Long user,
      @Nullable Long group,
      boolean ofProcess) {
    public static final DeviceNode AS_SOURCE =
        new DeviceNode(null, null, null, null, null, null, false);
  }

  /// @param user numeric or a name in the image, empty for the image's own
  /// @param imageGroups whether the groups that the image gives the user count, too
  /// @param mustNotBeRoot whether a user 0 of the image is refused
  /// @param seccomp `RuntimeDefault`, `Unconfined`, or the path of a profile
  /// @param maskProc whether parts of `/proc` are hidden
  record Security(
      String user,
      @Nullable Long group,
      List<Long> supplementalGroups,
      boolean imageGroups,
      boolean mustNotBeRoot,
      boolean privileged,
      boolean readOnlyRoot,
      boolean allowEscalation,
      List<String> addCapabilities,
      List<String> dropCapabilities,
      String seccomp,
      boolean maskProc) {}

  /// @param cpuShares 0 for the default
  /// @param cpuQuotaMicros in each 100 ms, 0 for no limit
  /// @param memoryBytes 0 for no limit
  /// @param outOfMemoryScore from -1000, the last to be ended when memory is short, to 1000
  record Resources(long cpuShares, long cpuQuotaMicros, long memoryBytes, int outOfMemoryScore) {
    public static final Resources NONE = new Resources(0, 0, 0);

    public Resources(long cpuShares, long cpuQuotaMicros, long memoryBytes) {
      this(cpuShares, cpuQuotaMicros, memoryBytes, 0);
    }
  }

  /// A container as it is.
  ///
  /// @param finished null while it runs
  /// @param logFile in CRI format
  record Container(
      String id,
      String name,
      int attempt,
      String image,
      String imageId,
      Instant started,
      @Nullable Instant finished,
      int exitCode,
      boolean outOfMemory,
      Path logFile) {
    public boolean running() {
      return finished == null;
    }
  }

  /// A container cannot be made or started.
  final class StartException extends RuntimeException {
    private final String reason;

    /// @param reason as the kubelet calls it, such as `CreateContainerError`
    public StartException(String reason, String message, @Nullable Throwable cause) {
      super(message, cause);
      this.reason = reason;
    }

    public String reason() {
      return reason;
    }
  }

  /// Makes the pod's place, or finds it.
  ///
  /// @return the pod's address, empty when it has none of its own
  String ensurePod(PodPlace pod);

  /// The address of its own that a pod has; empty when it has none, or is not here.
  Optional<String> address(String podUid);

  /// All addresses of the pod here whose first one this is, that one among them, as who made its
  /// network has reported them; empty where others follow from the first, see [Addresses].
  default List<String> reported(String address) {
    return List.of();
  }

  /// Starts a container.
  ///
  /// @throws StartException in the kubelet's words; `ContainerCreating` is to try again soon
  void start(PodPlace pod, ContainerSpec container);

  /// All containers of a pod, also those that ended, oldest attempt first.
  List<Container> containers(String podUid);

  /// Asks a container to end, and ends it after `grace`. Returns at once; its end is told.
  void stop(String podUid, String containerId, Duration grace);

  /// Gives a running container other bounds. A runtime without bounds has nothing to change.
  ///
  /// @throws StartException in the kubelet's words
  default void resize(String podUid, String containerId, Resources resources) {}

  /// Gives a pod as a whole other bounds. Whoever asks has them larger than those of its
  /// containers.
  ///
  /// @throws StartException in the kubelet's words
  default void resizePod(String podUid, Resources bounds) {}

  /// What a running container has used since its start; empty when nobody counts it. Of one that
  /// has ended it may still say what it used.
  default Optional<Consumption> consumption(String podUid, String containerId) {
    return Optional.empty();
  }

  /// How many processes and threads a running container has; 0 when nobody counts them.
  default long processes(String podUid, String containerId) {
    return cgroup(podUid, containerId).map(CgroupFigures.ofMachine()::processes).orElse(0L);
  }

  /// The memory that a container holds, with what the kernel keeps of its files; that of a whole
  /// pod for an empty id. Empty when nobody counts it.
  default OptionalLong memoryBytes(String podUid, String containerId) {
    return cgroup(podUid, containerId)
        .flatMap(CgroupReader.ofMachine()::read)
        .map(counters -> counters.get(CgroupCounter.MEMORY))
        .orElse(OptionalLong.empty());
  }

  /// The control group that counts what a container uses, by its name below the root of each
  /// hierarchy; that of a whole pod for an empty id, and that of all pods when its uid is empty,
  /// too. Empty when it has none of its own.
  default Optional<String> cgroup(String podUid, String containerId) {
    return Optional.empty();
  }

  /// The processes and threads of a pod, and how many it may have; nothing counts when nobody does.
  default ProcessBound processBound(String podUid) {
    return ProcessBound.NONE;
  }

  /// Bytes that were taken out of the log of a running container because it had grown too large,
  /// since this process looks after it; 0 when nobody counts them.
  default long logBytesPutAway(String containerId) {
    return 0;
  }

  /// Where on the disk what a container writes lies, but for volumes; empty when nobody knows.
  default List<Path> written(String podUid, String containerId) {
    return List.of();
  }

  /// Bytes that a container has written to where only the runtime finds them; 0 when there are
  /// none, or nobody counts them.
  default long layerBytes(String podUid, String containerId) {
    return 0;
  }

  /// What keeps the runtime from running pods, in a kubelet's words.
  default List<String> problems() {
    return List.of();
  }

  /// Forgets an ended container.
  void remove(String podUid, String containerId);

  /// Takes from a pod whose containers have all ended for good what others may want, such as its
  /// address. What is known of its containers stays, as their logs do. Idempotent.
  ///
  /// @return whether that is done; who hears false asks again
  default boolean leave(String podUid) {
    return true;
  }

  /// Removes the pod with all that is left of it. Idempotent.
  ///
  /// @throws StartException in a kubelet's words, when something of it stays; who hears that asks
  ///   again
  void removePod(String podUid);

  /// The uids of all pods that something is left of.
  List<String> pods();

  /// Tells the uid of a pod whose containers changed.
  void onChange(Consumer<String> changed);

  /// The streams of a command; absent ones are null.
  record Streams(
      @Nullable InputStream stdin,
      @Nullable OutputStream stdout,
      @Nullable OutputStream stderr,
      Consumer<BiConsumer<Integer, Integer>> onResize,
      Consumer<Runnable> onClose) {}

  /// Runs a command in a container until it ends or, with a positive timeout, its time is up (then
  /// -1).
  ///
  /// @return its exit code
  int exec(
      String podUid,
      String containerId,
      List<String> command,
      boolean tty,
      Streams streams,
      Duration timeout);

  /// Attaches to the main process until it ends or the client goes.
  void attach(String podUid, String containerId, boolean tty, Streams streams);

  /// Copies bytes between a port inside the pod and the streams until one side closes.
  void connect(String podUid, int port, InputStream in, OutputStream out);

  /// Of the node's own network.
  default NodeSockets sockets() {
    return NodeSockets.MACHINE;
  }

  /// Stops everything and removes all that was ever made outside the runtime's folder. How
  /// containers ended stays known, as after a restart of the machine.
  void removeAll();

  @Override
  void close();
}
