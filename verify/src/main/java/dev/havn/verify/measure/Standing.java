// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.measure;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// Pods that stand while something is measured, made with `kubectl`.
record Standing(Target target, String image) {
  private static final long SETTLE_NANOS = TimeUnit.SECONDS.toNanos(20);

  private static final long CLEAN_NANOS = TimeUnit.SECONDS.toNanos(5);

  /// The memory of all programs of the target, in MiB, while so many pods run.
  long memoryWith(int pods) {
    kubectl(
        "create",
        "deployment",
        "standing",
        "--image=" + image,
        "--replicas=" + pods,
        "--",
        "sleep",
        "3600");
    kubectl("rollout", "status", "deployment/standing", "--timeout=4m");
    LockSupport.parkNanos(SETTLE_NANOS);
    long memory = target.memoryMib();
    kubectl("delete", "deployment", "standing", "--cascade=foreground", "--timeout=4m");
    return memory;
  }

  /// Waits until nothing of what was measured before is left. Nodes, and the kernel, clean up
  /// behind a pod that the API no longer has.
  void clear() {
    kubectl("delete", "pods", "--all", "--timeout=4m");
    LockSupport.parkNanos(CLEAN_NANOS);
  }

  private void kubectl(String... arguments) {
    List<String> command =
        new ArrayList<>(List.of("kubectl", "--kubeconfig", target.kubeconfig().toString()));
    command.addAll(List.of(arguments));
    Program.run(Map.of(), target.within(command));
  }
}
