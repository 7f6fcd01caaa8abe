// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.measure;

import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// Pods that stand while something is measured, made with `kubectl`.
record Standing(Target target, String image) {
  private static final long SETTLE_NANOS = TimeUnit.SECONDS.toNanos(20);

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

  private void kubectl(String... arguments) {
    List<String> command =
        new java.util.ArrayList<>(
            List.of("kubectl", "--kubeconfig", target.kubeconfig().toString()));
    command.addAll(List.of(arguments));
    Program.run(Map.of(), target.within(command));
  }
}
