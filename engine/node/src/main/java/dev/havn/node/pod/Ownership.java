// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.kernel.Descriptor;
import dev.havn.node.kernel.Tree;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// Gives what is in a volume to the group of a pod, `fsGroup`: its members may read and write all,
/// and what is made later belongs to the group, too.
final class Ownership {
  private static final int FILE = 0660;
  private static final int FOLDER = 0110 | 02000;

  private Ownership() {}

  static @Nullable Long group(Pod pod) {
    return pod.getSpec().getSecurityContext() == null
        ? null
        : pod.getSpec().getSecurityContext().getFsGroup();
  }

  /// Does what the pod asks for. With `fsGroupChangePolicy: OnRootMismatch` a volume whose root is
  /// as it should be is not walked through.
  static void give(Pod pod, Path volume) throws IOException {
    @Nullable PodSecurityContext context = pod.getSpec().getSecurityContext();
    @Nullable Long group = group(pod);
    if (context == null || group == null) {
      return;
    }
    boolean onMismatch = "OnRootMismatch".equals(context.getFsGroupChangePolicy());
    if (!onMismatch || !holds(volume, group)) {
      give(volume, group.intValue());
    }
  }

  private static boolean holds(Path root, long group) throws IOException {
    int wanted = FILE | FOLDER;
    return (int) Files.getAttribute(root, "unix:gid") == group && (mode(root) & wanted) == wanted;
  }

  private static int mode(Path path) throws IOException {
    return (int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS) & 07777;
  }

  /// The root comes last: one that was broken off is begun anew. Pods that have the volume by now
  /// may move what is in it about.
  private static void give(Path volume, int group) throws IOException {
    Tree.walk(volume, each -> change(each, group));
  }

  private static void change(Descriptor each, int group) throws IOException {
    Files.setAttribute(each.path(), "unix:gid", group);
    int mode = each.mode();
    int more = each.isFolder() ? FILE | FOLDER : FILE;
    if (!each.isLink() && (mode & more) != more) {
      Files.setAttribute(each.path(), "unix:mode", mode | more);
    }
  }
}
