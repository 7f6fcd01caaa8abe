// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.image.TestImages;
import dev.havn.node.runtime.ContainerRuntime.Access;
import dev.havn.node.runtime.ContainerRuntime.Additions;
import dev.havn.node.runtime.ContainerRuntime.ContainerSpec;
import dev.havn.node.runtime.ContainerRuntime.Device;
import dev.havn.node.runtime.ContainerRuntime.Mount;
import dev.havn.node.runtime.ContainerRuntime.PodPlace;
import dev.havn.node.runtime.ContainerRuntime.Resources;
import dev.havn.node.runtime.ContainerRuntime.Security;
import dev.havn.node.runtime.ContainerRuntime.Sharing;
import dev.havn.node.runtime.ContainerRuntime.Terminal;
import dev.havn.node.runtime.ContainerRuntime.Wishes;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.function.Supplier;

/// Pods and containers for tests, and waiting for what other processes do.
final class TestPods {
  private static final Duration WITHIN = Duration.ofSeconds(45);
  private static final long LOOK_EVERY_NANOS = 10_000_000;

  private boolean ownUsers;

  /// Gives pods users of their own.
  void ownUsers() {
    ownUsers = true;
  }

  PodPlace place() {
    return place(false, Map.of());
  }

  PodPlace place(boolean sharedProcesses, Map<String, String> sysctls) {
    return place(sharing(sharedProcesses), sysctls, false, Resources.NONE);
  }

  /// Of a pod that is bounded as a whole.
  PodPlace place(Resources bounds) {
    return place(sharing(false), Map.of(), false, bounds);
  }

  /// Of a pod that has a privileged container.
  PodPlace privilegedPlace() {
    return place(sharing(false), Map.of(), true, Resources.NONE);
  }

  /// Of a pod with `hostIPC`, which has the machine's users.
  PodPlace hostIpcPlace() {
    Sharing sharing = new Sharing(false, false, true, false, false);
    return place(sharing, Map.of(), false, Resources.NONE);
  }

  /// Of a pod of a name of its own.
  PodPlace place(String hostName) {
    return place(sharing(false), Map.of(), false, Resources.NONE, hostName);
  }

  /// The same pod with other wishes, or another handler.
  static PodPlace with(PodPlace pod, Wishes wishes, Supplier<String> handler) {
    return new PodPlace(
        pod.uid(),
        pod.namespace(),
        pod.name(),
        pod.hostName(),
        pod.sharing(),
        pod.sysctls(),
        pod.privileged(),
        pod.bounds(),
        wishes,
        handler);
  }

  private Sharing sharing(boolean sharedProcesses) {
    return new Sharing(false, false, false, sharedProcesses, ownUsers);
  }

  private static PodPlace place(
      Sharing sharing, Map<String, String> sysctls, boolean privileged, Resources bounds) {
    return place(sharing, sysctls, privileged, bounds, "test-host");
  }

  private static PodPlace place(
      Sharing sharing,
      Map<String, String> sysctls,
      boolean privileged,
      Resources bounds,
      String hostName) {
    return new PodPlace(
        UUID.randomUUID().toString(),
        "default",
        "test",
        hostName,
        sharing,
        sysctls,
        privileged,
        bounds);
  }

  Spec spec(String name) {
    return new Spec(name);
  }

  /// Looks again and again until it is as it shall be.
  static <T> T await(Supplier<T> look, Predicate<T> good) {
    Instant end = Instant.now().plus(WITHIN);
    T seen = look.get();
    while (!good.test(seen)) {
      if (Instant.now().isAfter(end)) {
        throw new AssertionError("after " + WITHIN + " it is still " + seen);
      }
      LockSupport.parkNanos(LOOK_EVERY_NANOS);
      seen = look.get();
    }
    return seen;
  }

  /// A container in the making.
  static final class Spec {
    private final String name;
    private final Map<String, String> environment = new LinkedHashMap<>();
    private final List<Mount> mounts = new ArrayList<>();
    private final List<Device> devices = new ArrayList<>();
    private List<String> command = List.of();
    private int attempt;
    private String folder = "";
    private List<String> capabilities = List.of();
    private String user = "";
    private boolean privileged;
    private String seccomp = "RuntimeDefault";
    private boolean readOnlyRoot;
    private String image = TestImages.BUSYBOX;
    private long memoryBytes;
    private Terminal terminal = Terminal.NONE;
    private Additions additions = Additions.NONE;

    private Spec(String name) {
      this.name = name;
    }

    Spec attempt(int number) {
      attempt = number;
      return this;
    }

    Spec command(String... words) {
      command = List.of(words);
      return this;
    }

    Spec shell(String script) {
      return command("sh", "-c", script);
    }

    Spec environment(String key, String value) {
      environment.put(key, value);
      return this;
    }

    Spec workingDirectory(String path) {
      folder = path;
      return this;
    }

    Spec user(String id) {
      user = id;
      return this;
    }

    /// @param name of one more than all have, such as `SYS_PTRACE`
    Spec capability(String name) {
      capabilities = List.of(name);
      return this;
    }

    /// @param profile the path of one
    Spec seccomp(String profile) {
      seccomp = profile;
      return this;
    }

    Spec image(String reference) {
      image = reference;
      return this;
    }

    Spec memory(long bytes) {
      memoryBytes = bytes;
      return this;
    }

    Spec privileged() {
      privileged = true;
      return this;
    }

    Spec readOnlyRoot() {
      readOnlyRoot = true;
      return this;
    }

    Spec stdin() {
      terminal = new Terminal(false, true, false);
      return this;
    }

    Spec stdinOnce() {
      terminal = new Terminal(false, true, true);
      return this;
    }

    Spec tty() {
      terminal = new Terminal(true, false, false);
      return this;
    }

    Spec mount(Path source, String target, boolean readOnly) {
      mounts.add(new Mount(source, target, readOnly));
      return this;
    }

    Spec mount(Mount mount) {
      mounts.add(mount);
      return this;
    }

    Spec device(Path source, String target) {
      devices.add(new Device(source, target));
      return this;
    }

    Spec device(Device device) {
      devices.add(device);
      return this;
    }

    Spec cdiDevice(String name) {
      additions = new Additions(List.of(name), Map.of(), List.of());
      return this;
    }

    Spec mountPart(Path source, String subPath, String target) {
      mounts.add(new Mount(source, subPath, target, Access.WRITE, "rprivate"));
      return this;
    }

    ContainerSpec get() {
      return new ContainerSpec(
          name,
          attempt,
          image,
          command,
          List.of(),
          environment,
          folder,
          mounts,
          devices,
          new Security(
              user,
              null,
              List.of(),
              true,
              false,
              privileged,
              readOnlyRoot,
              true,
              capabilities,
              List.of(),
              seccomp,
              true),
          new Resources(2, 0, memoryBytes),
          terminal,
          "",
          additions);
    }
  }
}
