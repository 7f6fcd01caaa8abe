// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.plugin;

import dev.havn.node.kernel.Mounts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// What `/var/lib/kubelet` is for a node. Several nodes stand on one machine, and perhaps
/// somebody's kubelet, so each has a folder of its own (`docs/decisions/0029`); its pods that mount
/// `/var/lib/kubelet`, or what is below, get it.
///
/// ```
/// plugins_registry/             sockets by which plugins make themselves known
/// plugins/DRIVER/               a driver's own socket
/// plugins/kubernetes.io/csi/    volumes on their way to pods
/// device-plugins/kubelet.sock   served by the node
/// pods/UID/volumes/             volumes of pods that drivers mount
/// ```
///
/// @param path where it really is
public record KubeletFolder(Path path) {
  /// By this name manifests and programs know it.
  public static final Path NAME = Path.of("/var/lib/kubelet");

  public KubeletFolder {
    path = path.toAbsolutePath().normalize();
  }

  /// Of the node whose pods have their files in `pods`.
  public static KubeletFolder beside(Path pods) {
    return new KubeletFolder(pods.resolveSibling("kubelet"));
  }

  public Path registry() {
    return path.resolve("plugins_registry");
  }

  public Path plugins() {
    return path.resolve("plugins");
  }

  public Path devicePlugins() {
    return path.resolve("device-plugins");
  }

  public Path pods() {
    return path.resolve("pods");
  }

  /// Where that really is which manifests and plugins call so.
  public Path real(Path named) {
    Path plain = named.normalize();
    return plain.startsWith(NAME) ? path.resolve(NAME.relativize(plain)) : named;
  }

  /// What a plugin calls something in this folder. One in a container finds it where its manifest
  /// mounts it; one that runs on the machine itself says so by where it says it listens.
  ///
  /// @param endpoint where the plugin says that it listens
  public String named(Path real, Path endpoint) {
    boolean onMachine = endpoint.normalize().startsWith(path) || !real.startsWith(path);
    return (onMachine ? real : NAME.resolve(path.relativize(real))).toString();
  }

  public boolean contains(Path real) {
    return real.normalize().startsWith(path);
  }

  /// Makes the folders that plugins expect.
  public void make() throws IOException {
    for (Path each : new Path[] {registry(), plugins(), devicePlugins(), pods()}) {
      Files.createDirectories(each);
    }
  }

  /// Sees to it that what a container mounts in it with `mountPropagation: Bidirectional` is seen
  /// here, whatever the machine does by itself.
  public void share() throws IOException {
    make();
    if (Mounts.arePossible() && !Mounts.isShared(path)) {
      Mounts.share(path);
    }
  }
}
