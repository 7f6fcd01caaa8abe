// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Informers;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The pods that are bound to one node. A node of a machine of its own watches them; those that
/// only are simulated share what their process knows of all pods, see [PodsByNode].
public interface BoundPods extends AutoCloseable {
  @Nullable Pod get(String namespace, String name);

  List<Pod> list();

  /// Whether all that are bound are known, so that what is not is gone.
  boolean hasSynced();

  /// Adds a listener, which is told of what is there already.
  void onChange(Informer.Listener<Pod> listener);

  /// What the API shows of a pod: itself, of one from a file its mirror, null before there is one.
  default @Nullable Pod shown(Pod pod) {
    return pod;
  }

  /// A pod's status is this.
  default void observed(Pod pod, ObjectNode status) {}

  /// Nothing is left of a pod that was to end.
  ///
  /// @return whether that is all, since the API did not ask for its end
  default boolean ended(Pod pod) {
    return false;
  }

  @Override
  void close();

  /// With a watch of its own.
  static BoundPods watched(Informers informers, String node) {
    Informer<Pod> pods = informers.selecting(Pod.class, "&fieldSelector=spec.nodeName%3D" + node);
    return new BoundPods() {
      @Override
      public @Nullable Pod get(String namespace, String name) {
        return pods.get(namespace, name);
      }

      @Override
      public List<Pod> list() {
        return pods.list();
      }

      @Override
      public boolean hasSynced() {
        return pods.hasSynced();
      }

      @Override
      public void onChange(Informer.Listener<Pod> listener) {
        pods.onChange(listener);
      }

      @Override
      public void close() {
        pods.close();
      }
    };
  }
}
