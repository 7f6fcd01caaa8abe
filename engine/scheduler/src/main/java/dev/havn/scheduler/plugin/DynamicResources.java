// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.plugin;

import dev.havn.scheduler.state.PodFacts;
import io.fabric8.kubernetes.api.model.Pod;

/// Refuses pods that claim devices, since Havn allocates none: they say so instead of running
/// without what they need.
public final class DynamicResources implements Filter {
  public static final String NAME = "DynamicResources";
  private static final Refusal UNSUPPORTED =
      Refusal.hopeless(NAME, "pod has resourceClaims, which Havn's scheduler does not allocate");

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Prepared prepare(Attempt attempt) {
    Pod pod = attempt.pod().pod();
    boolean claims =
        pod.getSpec().getResourceClaims() != null && !pod.getSpec().getResourceClaims().isEmpty();
    return claims ? Prepared.refused(UNSUPPORTED) : Prepared.NOTHING;
  }

  @Override
  public boolean mayHelp(Change change, PodFacts pod) {
    return false;
  }
}
