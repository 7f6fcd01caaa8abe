// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.csi;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// Which pods of the node use, or are about to use, which volumes. The node's status says so before
/// a volume is touched and until it is let go of, so that nobody detaches it meanwhile.
final class Uses {
  private final NodeRecord record;
  private final Map<String, Set<String>> byVolume = new TreeMap<>();

  Uses(NodeRecord record) {
    this.record = record;
  }

  /// What is there from a former life. It is shown with the next change.
  synchronized void remember(String volume, String user) {
    byVolume.computeIfAbsent(volume, _ -> new HashSet<>()).add(user);
  }

  /// A pod is to have a volume.
  ///
  /// @param user its uid, or empty for one that is only staged
  synchronized void add(String volume, String user) {
    remember(volume, user);
    show();
  }

  /// A pod no longer has a volume.
  synchronized void remove(String volume, String user) {
    Set<String> users = byVolume.getOrDefault(volume, new HashSet<>());
    if (users.remove(user) && users.isEmpty()) {
      byVolume.remove(volume);
      show();
    }
  }

  synchronized void removeAll(String user) {
    for (String volume : List.copyOf(byVolume.keySet())) {
      remove(volume, user);
    }
  }

  synchronized void show() {
    record.use(byVolume.keySet());
  }

  /// Whether a pod uses a volume, other than that it is staged.
  synchronized boolean isUsed(String volume) {
    return byVolume.getOrDefault(volume, Set.of()).stream().anyMatch(user -> !user.isEmpty());
  }

  synchronized boolean uses(String user) {
    return byVolume.values().stream().anyMatch(users -> users.contains(user));
  }
}
