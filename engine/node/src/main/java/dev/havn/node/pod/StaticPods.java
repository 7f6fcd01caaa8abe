// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import io.fabric8.kubernetes.api.model.Pod;

/// Pods that a node has from files of its own; the API shows a mirror of each.
final class StaticPods {
  static final String MIRROR = "kubernetes.io/config.mirror";

  private StaticPods() {}

  static boolean isMirror(Pod pod) {
    return pod.getMetadata().getAnnotations() != null
        && pod.getMetadata().getAnnotations().containsKey(MIRROR);
  }
}
