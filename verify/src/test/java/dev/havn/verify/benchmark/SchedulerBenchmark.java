// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.benchmark;

import dev.havn.server.EmbeddedCluster;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// From a pod that waits to one that is bound, through the API and with its event, per pod; what
/// grows with the number of nodes is the choice.
@State(Scope.Benchmark)
@Fork(
    value = 1,
    jvmArgsAppend = {"-XX:+UseSerialGC", "-XX:+UseCompactObjectHeaders", "-Xmx2g"})
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class SchedulerBenchmark {
  private static final int PODS = 200;

  @Param({"10", "1000"})
  private int nodes;

  private EmbeddedCluster cluster;

  @Setup(Level.Invocation)
  public void waitingPods() {
    cluster = EmbeddedCluster.start(1);
    for (int i = 0; i < nodes; i++) {
      cluster.client().resource(node(i)).create();
    }
    cluster.settle();
    for (int i = 0; i < PODS; i++) {
      cluster.client().resource(pod(i)).create();
    }
  }

  @TearDown(Level.Invocation)
  public void close() {
    cluster.close();
  }

  @Benchmark
  @OperationsPerInvocation(PODS)
  public void bind() {
    cluster.settle();
  }

  private static Node node(int number) {
    Map<String, Quantity> room =
        Map.of(
            "cpu", new Quantity("16"),
            "memory", new Quantity("64Gi"),
            "pods", new Quantity("110"));
    return new NodeBuilder()
        .withNewMetadata()
        .withName("node-" + number)
        .addToLabels("zone", "zone-" + number % 3)
        .endMetadata()
        .withNewStatus()
        .withCapacity(room)
        .withAllocatable(room)
        .addNewCondition()
        .withType("Ready")
        .withStatus("True")
        .endCondition()
        .endStatus()
        .build();
  }

  private static Pod pod(int number) {
    return new PodBuilder()
        .withNewMetadata()
        .withName("pod-" + number)
        .withNamespace("default")
        .endMetadata()
        .withNewSpec()
        .addToNodeSelector("zone", "zone-" + number % 3)
        .addNewContainer()
        .withName("web")
        .withImage("example/web:1")
        .withNewResources()
        .addToRequests("cpu", new Quantity("100m"))
        .endResources()
        .endContainer()
        .endSpec()
        .build();
  }
}
