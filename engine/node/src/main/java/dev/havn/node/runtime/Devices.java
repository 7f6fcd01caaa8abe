// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.runtime.ContainerRuntime.Device;
import dev.havn.node.runtime.ContainerRuntime.DeviceNode;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Devices of the machine as nodes of a container.
final class Devices {
  private static final Logger LOG = LoggerFactory.getLogger(Devices.class);
  private static final int KIND = 0170000;
  private static final int BLOCK = 0060000;
  private static final int CHARACTER = 0020000;
  private static final int PERMISSIONS = 07777;
  private static final int MODE = 0660;

  /// In a folder that is given.
  private static final int NODES_MAX = 1_024;

  /// Of a machine: it may have thousands of disks.
  private static final int ALL_NODES_MAX = 65_536;

  /// Of `/dev`: every container has its own.
  private static final Set<String> NOT_SHARED = Set.of("pts", "shm", "fd", "mqueue");

  /// The terminal of who has one: a container has its own.
  private static final String CONSOLE = "console";

  private Devices() {}

  /// @param path in the container
  /// @param type `b` or `c`
  record Node(String path, String type, long major, long minor, int mode, long user, long group) {
    private Node of(long owner, long owners) {
      return new Node(path, type, major, minor, mode, owner, owners);
    }
  }

  /// @param user whom the container runs as
  /// @param group of it
  /// @throws StartException when there is no device
  static List<Node> of(Device device, long user, long group) {
    List<Node> nodes = find(device);
    DeviceNode wanted = device.node();
    if (!wanted.ofProcess()) {
      return nodes;
    }
    return nodes.stream()
        .map(
            each ->
                each.of(
                    wanted.user() == null && user > 0 ? user : each.user(),
                    wanted.group() == null && group > 0 ? group : each.group()))
        .toList();
  }

  /// The devices below a folder of the machine, each at the same place as there.
  static List<Node> below(Path folder) {
    try {
      List<Node> nodes = new ArrayList<>();
      folder(folder, folder.toString(), nodes, ALL_NODES_MAX);
      return nodes;
    } catch (IOException e) {
      throw failed("devices of the machine: " + e, e);
    }
  }

  private static List<Node> find(Device device) {
    try {
      DeviceNode wanted = device.node();
      if (wanted.type() != null && wanted.major() != null && wanted.minor() != null) {
        return List.of(said(device));
      }
      Path source = device.source().toRealPath();
      if (Files.isDirectory(source)) {
        List<Node> nodes = new ArrayList<>();
        folder(source, device.target(), nodes, NODES_MAX);
        return nodes;
      }
      Node found =
          node(source, device.target())
              .orElseThrow(() -> failed(device.source() + " is not a device", null));
      return List.of(changed(found, wanted));
    } catch (IOException e) {
      throw failed("device " + device.source() + ": " + e, e);
    }
  }

  private static StartException failed(String message, @Nullable Exception cause) {
    return new StartException("CreateContainerError", message, cause);
  }

  /// One that is wholly described needs not be there.
  private static Node said(Device device) {
    DeviceNode wanted = device.node();
    Node plain =
        new Node(
            device.target(),
            Objects.requireNonNull(wanted.type()),
            Objects.requireNonNull(wanted.major()),
            Objects.requireNonNull(wanted.minor()),
            MODE,
            0,
            0);
    return changed(plain, wanted);
  }

  private static Node changed(Node node, DeviceNode wanted) {
    return new Node(
        node.path(),
        wanted.type() == null ? node.type() : wanted.type(),
        wanted.major() == null ? node.major() : wanted.major(),
        wanted.minor() == null ? node.minor() : wanted.minor(),
        wanted.mode() == null ? node.mode() : wanted.mode(),
        wanted.user() == null ? node.user() : wanted.user(),
        wanted.group() == null ? node.group() : wanted.group());
  }

  private static void folder(Path source, String target, List<Node> nodes, int max)
      throws IOException {
    List<Path> inside;
    try (Stream<Path> all = Files.list(source)) {
      inside = all.filter(each -> !Files.isSymbolicLink(each)).sorted().toList();
    } catch (NoSuchFileException gone) {
      return;
    } catch (AccessDeniedException e) {
      LOG.debug("devices in {} are none to this user: {}", source, e.toString());
      return;
    }
    for (Path each : inside) {
      String name = each.getFileName().toString();
      if (Files.isDirectory(each)) {
        if (!NOT_SHARED.contains(name) && !name.startsWith(".")) {
          folder(each, target + "/" + name, nodes, max);
        }
      } else if (!name.equals(CONSOLE)) {
        nodeThere(each, target + "/" + name).ifPresent(nodes::add);
      }
      if (nodes.size() > max) {
        throw new IOException("more than " + max + " devices");
      }
    }
  }

  /// Nothing for one that went meanwhile.
  private static Optional<Node> nodeThere(Path device, String target) throws IOException {
    try {
      return node(device, target);
    } catch (NoSuchFileException gone) {
      return Optional.empty();
    }
  }

  private static Optional<Node> node(Path device, String target) throws IOException {
    int mode = (int) Files.getAttribute(device, "unix:mode");
    int kind = mode & KIND;
    if (kind != BLOCK && kind != CHARACTER) {
      return Optional.empty();
    }
    long number = (long) Files.getAttribute(device, "unix:rdev");
    return Optional.of(
        new Node(
            target,
            kind == BLOCK ? "b" : "c",
            major(number),
            minor(number),
            mode & PERMISSIONS,
            Integer.toUnsignedLong((int) Files.getAttribute(device, "unix:uid")),
            Integer.toUnsignedLong((int) Files.getAttribute(device, "unix:gid"))));
  }

  /// As the kernel packs them.
  private static long major(long number) {
    return (number >>> 8 & 0xfff) | (number >>> 32 & ~0xfffL);
  }

  private static long minor(long number) {
    return (number & 0xff) | (number >>> 12 & ~0xffL);
  }
}
