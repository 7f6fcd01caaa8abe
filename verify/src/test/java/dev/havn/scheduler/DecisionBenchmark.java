// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import dev.havn.scheduler.device.Devices;
import dev.havn.scheduler.preemption.Budgets;
import dev.havn.scheduler.preemption.Evictions;
import dev.havn.scheduler.profile.Profile;
import dev.havn.scheduler.profile.SchedulerConfiguration;
import dev.havn.scheduler.state.ClusterState;
import dev.havn.scheduler.state.Nominations;
import dev.havn.scheduler.state.PodFacts;
import dev.havn.scheduler.state.Selector;
import dev.havn.scheduler.volume.Volumes;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
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
import org.openjdk.jmh.annotations.Warmup;

/// How many pods a second get their place, in one thread and without the API: the same nodes and
/// kinds of pods as `verify/scheduling` measures with it, in an empty cluster and beside many pods
/// that have their places (20 a node): what a pod costs must not grow with those.
@State(Scope.Benchmark)
@Fork(
    value = 1,
    jvmArgsAppend = {"-XX:+UseSerialGC", "-XX:+UseCompactObjectHeaders", "-Xmx2g"})
@Warmup(iterations = 4)
@Measurement(iterations = 5)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class DecisionBenchmark {
  private static final int PODS = 1_000;
  private static final int ZONES = 10;
  private static final int LOW_PODS_A_NODE = 4;
  private static final int PRIORITY_BOUND = 2_000;

  /// The kinds of pods.
  public enum Kind {
    BASIC,
    APART,
    SPREAD,
    PREEMPTION
  }

  @Param({"BASIC", "APART", "SPREAD", "PREEMPTION"})
  private Kind kind;

  @Param({"5000"})
  private int nodes;

  /// Pods that have their places already, as many on each node. They want memory only, nobody may
  /// push them aside, and where pods are spread they are counted.
  @Param({"0", "100000"})
  private int bound;

  private ClusterState cluster;
  private Nominations nominations;
  private Placement placement;
  private Profile profile;
  private List<PodFacts> pods;

  @Setup(Level.Invocation)
  public void waitingPods() {
    cluster = new ClusterState();
    nominations = new Nominations();
    placement =
        new Placement(
            cluster,
            nominations,
            new Evictions(),
            () -> new Budgets(List.of()),
            new SplittableRandom(1));
    profile =
        Objects.requireNonNull(
            SchedulerConfiguration.STANDARD
                .build(Volumes.NONE, _ -> Selector.EVERYTHING, Devices.NONE)
                .get("default-scheduler"));
    for (int i = 0; i < nodes; i++) {
      cluster.put(node(i));
    }
    if (kind == Kind.PREEMPTION) {
      for (int i = 0; i < nodes * LOW_PODS_A_NODE; i++) {
        PodFacts low = PodFacts.of(pod("low-" + i, "low", "1", 1).build());
        cluster.put(low, "node-" + i % nodes);
      }
    }
    String app = kind == Kind.SPREAD ? "spread" : "bound";
    for (int i = 0; i < bound; i++) {
      PodFacts there = PodFacts.of(pod("bound-" + i, app, "0", PRIORITY_BOUND).build());
      cluster.put(there, "node-" + i % nodes);
    }
    pods = new ArrayList<>();
    for (int i = 0; i < PODS; i++) {
      pods.add(PodFacts.of(waiting(i)));
    }
  }

  private Pod waiting(int number) {
    String name = "pod-" + number;
    return switch (kind) {
      case BASIC -> pod(name, "load", "100m", 0).build();
      case APART -> apart(name);
      case SPREAD -> spread(name);
      case PREEMPTION -> pod(name, "high", "3", 1_000).build();
    };
  }

  @Benchmark
  @OperationsPerInvocation(PODS)
  public void decide() {
    for (PodFacts pod : pods) {
      switch (placement.of(pod, profile)) {
        case Placement.Placed placed -> cluster.put(pod, placed.node().name());
        case Placement.Nowhere nowhere -> clear(pod, nowhere);
      }
    }
  }

  /// Those that have to go are gone at once.
  private void clear(PodFacts pod, Placement.Nowhere nowhere) {
    var candidate = Objects.requireNonNull(nowhere.candidate(), () -> nowhere.toString());
    candidate.victims().forEach(each -> cluster.remove(each.uid()));
    nominations.put(pod, candidate.node().name());
    if (placement.of(pod, profile) instanceof Placement.Placed placed) {
      nominations.remove(pod.uid());
      cluster.put(pod, placed.node().name());
    } else {
      throw new IllegalStateException(pod.name() + " has no place on a cleared node");
    }
  }

  private static Node node(int number) {
    Map<String, Quantity> room =
        Map.of(
            "cpu", new Quantity("4"),
            "memory", new Quantity("32Gi"),
            "pods", new Quantity("110"));
    return new NodeBuilder()
        .withNewMetadata()
        .withName("node-" + number)
        .addToLabels("kubernetes.io/hostname", "node-" + number)
        .addToLabels("kubernetes.io/os", "linux")
        .addToLabels("topology.kubernetes.io/zone", "zone-" + number % ZONES)
        .endMetadata()
        .withNewStatus()
        .withAllocatable(room)
        .endStatus()
        .build();
  }

  private static PodBuilder pod(String name, String app, String cpu, int priority) {
    return new PodBuilder()
        .withNewMetadata()
        .withName(name)
        .withUid(name)
        .withNamespace("default")
        .addToLabels("app", app)
        .endMetadata()
        .withNewSpec()
        .withSchedulerName("default-scheduler")
        .withPriority(priority)
        .addNewContainer()
        .withName("c")
        .withImage("example/any:1")
        .withNewResources()
        .addToRequests("cpu", new Quantity(cpu))
        .addToRequests("memory", new Quantity("100Mi"))
        .endResources()
        .endContainer()
        .endSpec();
  }

  private static LabelSelector like(String app) {
    return new LabelSelectorBuilder().addToMatchLabels("app", app).build();
  }

  private static Pod apart(String name) {
    return pod(name, "apart", "100m", 0)
        .editSpec()
        .withNewAffinity()
        .withNewPodAntiAffinity()
        .addNewRequiredDuringSchedulingIgnoredDuringExecution()
        .withTopologyKey("kubernetes.io/hostname")
        .withLabelSelector(like("apart"))
        .endRequiredDuringSchedulingIgnoredDuringExecution()
        .endPodAntiAffinity()
        .endAffinity()
        .endSpec()
        .build();
  }

  private static Pod spread(String name) {
    return pod(name, "spread", "100m", 0)
        .editSpec()
        .withNewAffinity()
        .withNewNodeAffinity()
        .withNewRequiredDuringSchedulingIgnoredDuringExecution()
        .addNewNodeSelectorTerm()
        .addNewMatchExpression()
        .withKey("topology.kubernetes.io/zone")
        .withOperator("In")
        .withValues("zone-0", "zone-1", "zone-2", "zone-3", "zone-4")
        .endMatchExpression()
        .endNodeSelectorTerm()
        .endRequiredDuringSchedulingIgnoredDuringExecution()
        .endNodeAffinity()
        .endAffinity()
        .addNewTopologySpreadConstraint()
        .withMaxSkew(5)
        .withTopologyKey("topology.kubernetes.io/zone")
        .withWhenUnsatisfiable("DoNotSchedule")
        .withLabelSelector(like("spread"))
        .endTopologySpreadConstraint()
        .endSpec()
        .build();
  }
}
