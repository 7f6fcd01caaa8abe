// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.LifecycleHandler;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What a container does after its start and before its end.
final class Hooks {
  private static final Logger LOG = LoggerFactory.getLogger(Hooks.class);
  private static final Duration HTTP_TIMEOUT = Duration.ofSeconds(30);

  private final ContainerRuntime runtime;
  private final ScheduledExecutorService executor;

  Hooks(ContainerRuntime runtime, ScheduledExecutorService executor) {
    this.runtime = runtime;
    this.executor = executor;
  }

  /// Runs a hook on the executor.
  ///
  /// @param address of the pod
  /// @param limit after which it is given up; zero for none
  /// @return what went wrong, empty when nothing
  CompletableFuture<String> run(
      LifecycleHandler hook,
      Pod pod,
      Container spec,
      ContainerRuntime.Container container,
      Duration limit,
      String address) {
    if (hook.getSleep() != null && hook.getSleep().getSeconds() != null) {
      Duration sleep = Duration.ofSeconds(hook.getSleep().getSeconds());
      boolean cut = !limit.isZero() && limit.compareTo(sleep) < 0;
      CompletableFuture<String> woken = new CompletableFuture<>();
      later(() -> "", cut ? limit : sleep, woken);
      return woken;
    }
    CompletableFuture<String> done = new CompletableFuture<>();
    later(() -> runNow(hook, pod, spec, container, limit, address), Duration.ZERO, done);
    return done;
  }

  /// Whatever becomes of the task, the result is there then: the container's end waits for it.
  private void later(Supplier<String> task, Duration delay, CompletableFuture<String> result) {
    Runnable run =
        () -> {
          try {
            result.complete(task.get());
          } catch (RuntimeException e) {
            LOG.warn("a hook cannot be run", e);
            result.complete(e.toString());
          } finally {
            result.complete("the hook was broken off");
          }
        };
    try {
      var unused = executor.schedule(run, delay.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException closing) {
      result.complete("the node is closing");
    }
  }

  private String runNow(
      LifecycleHandler hook,
      Pod pod,
      Container spec,
      ContainerRuntime.Container container,
      Duration limit,
      String address) {
    try {
      if (hook.getExec() != null) {
        return exec(hook, pod, container, limit);
      }
      if (hook.getHttpGet() != null) {
        ProbeRun.Result result =
            ProbeRun.http(
                runtime.sockets()::socket,
                spec,
                hook.getHttpGet(),
                address,
                HTTP_TIMEOUT,
                "kube-lifecycle/1.36");
        return result.success() ? "" : result.message();
      }
      // A TCP socket is valid in the API and nothing that a node knocks at for a hook.
      return "Cannot run handler: invalid handler: only exec, httpGet and sleep are run";
    } catch (StartException | IOException e) {
      return String.valueOf(e.getMessage());
    }
  }

  private String exec(
      LifecycleHandler hook, Pod pod, ContainerRuntime.Container container, Duration limit) {
    FirstBytes output = new FirstBytes();
    int code =
        runtime.exec(
            pod.getMetadata().getUid(),
            container.id(),
            hook.getExec().getCommand(),
            false,
            new ContainerRuntime.Streams(null, output, output, _ -> {}, _ -> {}),
            limit);
    return code == 0
        ? ""
        : "command '%s' exited with %d: %s"
            .formatted(String.join(" ", hook.getExec().getCommand()), code, output);
  }
}
