// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.cri;

import dev.havn.node.protocol.cri.Cri;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// What keeps a runtime from running pods, in a kubelet's words. For many threads.
public final class RuntimeHealth {
  /// A kubelet lets a runtime be silent for so long.
  static final Duration SILENT_MAX = Duration.ofSeconds(30);

  private Instant heard;
  private Cri.RuntimeStatus status = Cri.RuntimeStatus.getDefaultInstance();

  /// @param heard when the runtime has answered first
  public RuntimeHealth(Instant heard) {
    this.heard = heard;
  }

  /// The runtime has answered.
  public synchronized void hear(Cri.RuntimeStatus said, Instant now) {
    status = said;
    heard = now;
  }

  /// Nothing when pods can run.
  public synchronized List<String> problems(Instant now) {
    List<String> problems = new ArrayList<>();
    if (Duration.between(heard, now).compareTo(SILENT_MAX) > 0) {
      problems.add("container runtime is down");
    }
    for (Cri.RuntimeCondition each : status.getConditionsList()) {
      if (each.getStatus()) {
        continue;
      }
      String shown =
          "%s=false reason:%s message:%s"
              .formatted(each.getType(), each.getReason(), each.getMessage());
      switch (each.getType()) {
        case "RuntimeReady" -> problems.add("container runtime not ready: " + shown);
        case "NetworkReady" -> problems.add("container runtime network not ready: " + shown);
        default -> {
          // Others tell, and keep nobody from anything.
        }
      }
    }
    return problems;
  }
}
