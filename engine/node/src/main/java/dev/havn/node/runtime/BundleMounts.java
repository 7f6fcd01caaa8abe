// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.runtime.ContainerRuntime.ContainerSpec;
import dev.havn.node.runtime.ContainerRuntime.Mount;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/// The `mounts` of an OCI bundle: what every container has, then the container's own, of which
/// `/dev/shm` is one. Whatever one of these is mounted over is left out, and with `/dev` all that
/// every container has in it.
final class BundleMounts {
  private static final String DEVICES = "/dev";

  private final ArrayNode mounts;
  private final ContainerSpec spec;
  private final Set<String> own;

  BundleMounts(ArrayNode mounts, ContainerSpec spec) {
    this.mounts = mounts;
    this.spec = spec;
    this.own = spec.mounts().stream().map(MountOrder::target).collect(Collectors.toSet());
  }

  void add() {
    every("/proc", "proc", "proc", "nosuid", "noexec", "nodev");
    every(DEVICES, "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k");
    every(
        "/dev/pts",
        "devpts",
        "devpts",
        "nosuid",
        "noexec",
        "newinstance",
        "ptmxmode=0666",
        "mode=0620",
        "gid=5");
    every("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev");
    String access = spec.security().privileged() ? "rw" : "ro";
    every("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", access);
    every("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", "relatime", access);
    MountOrder.of(spec.mounts()).forEach(this::volume);
  }

  private void every(String target, String type, String source, String... options) {
    boolean covered = own.contains(DEVICES) && target.startsWith(DEVICES + "/");
    if (!covered && !own.contains(target)) {
      mount(target, type, source, List.of(options));
    }
  }

  private void volume(Mount volume) {
    List<String> options = new ArrayList<>(List.of("rbind", volume.propagation()));
    options.add(
        switch (volume.access()) {
          case WRITE -> "rw";
          case READ -> "ro";
          case READ_ALL -> "rro";
        });
    options.addAll(volume.options());
    mount(volume.target(), "bind", volume.source().toString(), options);
  }

  private void mount(String target, String type, String source, List<String> options) {
    ObjectNode mount = mounts.addObject().put("destination", target);
    mount.put("type", type).put("source", source);
    options.forEach(mount.putArray("options")::add);
  }
}
