// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.measure;

import dev.havn.junit.Cluster;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// In a JVM of its own: a cluster as tests have it, until a Deployment of three is available and
/// everything else has settled. Prints two figures in milliseconds: the first, counted from the
/// start of the JVM, and the median of later ones.
final class JunitStart {
  private static final int WARM_UP = 5;
  private static final int TIMES = 20;

  private JunitStart() {}

  public static void main(String[] arguments) {
    List<Double> times = new ArrayList<>();
    times.add(once() / 1e6);
    double first =
        System.currentTimeMillis() - (double) ManagementFactory.getRuntimeMXBean().getStartTime();
    while (times.size() < WARM_UP + TIMES) {
      times.add(once() / 1e6);
    }
    times.subList(0, WARM_UP).clear();
    times.sort(Double::compare);
    System.out.printf(Locale.ROOT, "%.1f %.1f%n", first, times.get(TIMES / 2));
  }

  /// How long it took, in nanoseconds, without the end of the cluster.
  private static long once() {
    long begin = System.nanoTime();
    try (Cluster cluster = Cluster.start(1)) {
      cluster.client().resource(deployment()).create();
      cluster.settle();
      Deployment now =
          cluster.client().apps().deployments().inNamespace("default").withName("web").get();
      if (!Integer.valueOf(3).equals(now.getStatus().getAvailableReplicas())) {
        throw new IllegalStateException("not available: " + now.getStatus());
      }
      return System.nanoTime() - begin;
    }
  }

  private static Deployment deployment() {
    return new DeploymentBuilder()
        .withNewMetadata()
        .withName("web")
        .withNamespace("default")
        .endMetadata()
        .withNewSpec()
        .withReplicas(3)
        .withNewSelector()
        .addToMatchLabels("app", "web")
        .endSelector()
        .withNewTemplate()
        .withNewMetadata()
        .addToLabels("app", "web")
        .endMetadata()
        .withNewSpec()
        .addNewContainer()
        .withName("web")
        .withImage("example/web:1")
        .endContainer()
        .endSpec()
        .endTemplate()
        .endSpec()
        .build();
  }
}
