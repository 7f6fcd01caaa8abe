// SPDX-License-Identifier: Apache-2.0
package dev.havn.cli;

import dev.havn.server.ServerLog;
import dev.havn.server.StandaloneScheduler;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Only the scheduler, for any cluster: on this machine or as a workload of the cluster itself.
@Command(description = "Runs only the scheduler, for any cluster.", mixinStandardHelpOptions = true)
@SuppressWarnings("NullAway.Init") // picocli sets the fields before it calls the command
final class SchedulerCommand implements Callable<Integer> {
  @Option(
      names = "--kubeconfig",
      paramLabel = "FILE",
      description = "Of the cluster (default: the pod's account, else the one kubectl uses).")
  private @Nullable Path kubeconfig;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "How pods are placed: a KubeSchedulerConfiguration.")
  private @Nullable Path config;

  @Option(
      names = "--identity",
      paramLabel = "NAME",
      description = "Under which it stands for election (default: one of its own).")
  private @Nullable String identity;

  @Option(
      names = "--secure-port",
      paramLabel = "P",
      defaultValue = "10259",
      description = "Of /healthz, /livez, /readyz and /metrics over https, 0 for none (10259).")
  private int securePort;

  @Option(
      names = "--bind-address",
      paramLabel = "A",
      defaultValue = "0.0.0.0",
      description = "Where that port is listened at (0.0.0.0).")
  private String bindAddress;

  @Option(
      names = "--tls-cert-file",
      paramLabel = "FILE",
      description = "The certificate of that port, in PEM (default: one of its own).")
  private @Nullable Path certificate;

  @Option(names = "--tls-private-key-file", paramLabel = "FILE", description = "Its key, in PEM.")
  private @Nullable Path key;

  @Override
  public Integer call() throws InterruptedException {
    ServerLog.toStandardError();
    String name = identity == null ? ownIdentity() : identity;
    CountDownLatch ended = new CountDownLatch(1);
    StandaloneScheduler scheduler =
        StandaloneScheduler.start(
            kubeconfig,
            config,
            name,
            new StandaloneScheduler.Serving(bindAddress, securePort, certificate, key));
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  scheduler.close();
                  ended.countDown();
                },
                "shutdown"));
    System.out.printf(
        "Schedules for %s as %s%s. Ctrl-C ends it.%n",
        scheduler.server(),
        name,
        scheduler.isElected() ? " when no other scheduler leads" : ", whoever else does");
    ended.await();
    return 0;
  }

  /// That of a pod begins with its name.
  private static String ownIdentity() {
    String host = System.getenv("HOSTNAME");
    return (host == null || host.isEmpty() ? "havn" : host) + "_" + UUID.randomUUID();
  }
}
