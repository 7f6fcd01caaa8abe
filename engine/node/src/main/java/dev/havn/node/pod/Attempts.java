// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.ContainerRuntime.Container;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The newest attempt of each container of a pod, and the one before.
final class Attempts {
  private final ContainerRuntime runtime;
  private final String uid;
  private final Consumer<Container> removed;
  private final Map<String, Container> latest = new HashMap<>();
  private final Map<String, Container> previous = new HashMap<>();

  /// @param removed is told of a container that is no more
  Attempts(ContainerRuntime runtime, String uid, Consumer<Container> removed) {
    this.runtime = runtime;
    this.uid = uid;
    this.removed = removed;
  }

  /// Looks anew, and removes what ended before the attempt before.
  void observe() {
    latest.clear();
    previous.clear();
    List<Container> all = runtime.containers(uid);
    for (Container container : all) {
      @Nullable Container older = latest.put(container.name(), container);
      @Nullable Container oldest = older == null ? null : previous.put(older.name(), older);
      if (oldest != null && !oldest.running()) {
        runtime.remove(uid, oldest.id());
        removed.accept(oldest);
      }
    }
  }

  @Nullable Container latest(String name) {
    return latest.get(name);
  }

  /// By name.
  Map<String, Container> latest() {
    return latest;
  }

  /// By name.
  Map<String, Container> previous() {
    return previous;
  }
}
