// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.protection;

import dev.havn.reconcile.Index;
import dev.havn.reconcile.Informer;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;

/// Pods by the claims that they mount.
public final class ClaimPods {
  private final Index<Pod> index;

  private ClaimPods(Index<Pod> index) {
    this.index = index;
  }

  public static ClaimPods of(Informer<Pod> pods) {
    return new ClaimPods(
        pods.index(
            "claim",
            pod ->
                ClaimUse.names(pod).stream()
                    .map(name -> term(pod.getMetadata().getNamespace(), name))
                    .toList()));
  }

  private static String term(String namespace, String claim) {
    return namespace + "/" + claim;
  }

  public List<Pod> of(String namespace, String claim) {
    return index.list(term(namespace, claim));
  }
}
