// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.measure;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Informers;
import dev.havn.reconcile.RealTime;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.Interceptor;
import io.fabric8.kubernetes.client.jdkhttp.JdkHttpClientFactory;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// How fast a cluster's scheduler places pods on [FakeNodes], over https, from the first create to
/// the last binding seen: `Scheduling KUBECONFIG NODES PODS [PID…]`. Prints a line for each kind of
/// pod, with the time that the processes of the server needed for each, heartbeats included.
///
/// The pods are those of Kubernetes' scheduler_perf: SchedulingBasic, SchedulingNodeAffinity and
/// TopologySpreading in one, SchedulingPodAntiAffinity, PreemptionAsync (pods that fit, while five
/// a second come for which others have to go), and PreemptionBasic. What they wait for is more than
/// there: a real API over https, written to the disk, and the heartbeats of all nodes.
///
/// Works on any cluster with controllers and a scheduler, and leaves its nodes and pods there, the
/// other nodes cordoned. `verify/scheduling` runs it on Havn and on Kubernetes.
final class Scheduling {
  private static final int WORKERS = 64;
  private static final long MINUTES_MAX = 15;
  private static final int LOW_PODS_A_NODE = 4;
  private static final int PODS_BEFORE = 1_000;
  private static final int PREEMPTING_EVERY_MILLIS = 200;
  private static final String PREEMPTING = "preempting-";

  private final Api api;
  private final ServerTime server;
  private final Set<String> bound = ConcurrentHashMap.newKeySet();
  private final Set<String> preempting = ConcurrentHashMap.newKeySet();
  private volatile String prefix = "";

  private Scheduling(Api api, ServerTime server) {
    this.api = api;
    this.server = server;
  }

  public static void main(String[] arguments) {
    Config config = Config.fromKubeconfig(Path.of(arguments[0]).toFile());
    int nodes = Integer.parseInt(arguments[1]);
    int pods = Integer.parseInt(arguments[2]);
    ServerTime server = new ServerTime(List.of(arguments).subList(3, arguments.length));
    RealTime executor = new RealTime();
    try (KubernetesClient client =
            new KubernetesClientBuilder()
                .withConfig(config)
                .withHttpClientFactory(new JdkHttpClientFactory())
                .withHttpClientBuilderConsumer(
                    builder -> builder.addOrReplaceInterceptor("whole", new Whole()))
                .build();
        Informers informers = new Informers(new Api(client), executor);
        FakeNodes fake = new FakeNodes(new Api(client), nodes)) {
      fake.start();
      new Scheduling(new Api(client), server).run(informers.podOutlines(), nodes, pods);
    } finally {
      executor.shutdownNow();
    }
    System.exit(0);
  }

  /// Has all servers send the same: Havn alone would leave out what informers do not want.
  private static final class Whole implements Interceptor {
    @Override
    public void before(BasicBuilder builder, HttpRequest request, RequestTags tags) {
      builder.setHeader("Havn-Omit", "nothing");
    }
  }

  private void run(Informer<Pod> informer, int nodes, int pods) {
    informer.onChange(this::changed);
    classes();
    // As scheduler_perf does: what is measured begins on a cluster that has placed pods before.
    double unused = place("before", PODS_BEFORE, pod -> {});
    report("basic", pods, pod -> {});
    report("basic again", pods, pod -> {});
    report("node affinity and topology spread", pods / 2, Scheduling::spread);
    report("anti-affinity", pods / 5, Scheduling::apart);
    empty(informer);
    report("low priority until nodes are full", nodes * LOW_PODS_A_NODE, Scheduling::low);
    amongPreempting(() -> report("basic while others preempt", pods / 2, pod -> {}));
    report("preemption of three", pods / 10, Scheduling::high);
  }

  /// One by one: a server has no time to delete so many in one request.
  private void empty(Informer<Pod> informer) {
    List<Pod> all = List.copyOf(informer.list("default"));
    FakeNodes.each(all.size(), WORKERS, index -> api.delete(all.get(index)));
    await("no pods", () -> informer.list("default").isEmpty());
  }

  /// Bound pods are counted.
  private void changed(@Nullable Pod before, @Nullable Pod after) {
    if (after == null) {
      return;
    }
    String name = after.getMetadata().getName();
    if (after.getSpec().getNodeName() == null) {
      return;
    }
    if (name.startsWith(prefix)) {
      bound.add(name);
    } else if (name.startsWith(PREEMPTING)) {
      preempting.add(name);
    }
  }

  /// Does something while five pods a second come for each of which three have to go.
  private void amongPreempting(Runnable what) {
    AtomicInteger count = new AtomicInteger();
    try (ScheduledExecutorService churn = Executors.newSingleThreadScheduledExecutor()) {
      var coming =
          churn.scheduleAtFixedRate(
              () -> create(PREEMPTING + count.getAndIncrement(), Scheduling::high),
              0,
              PREEMPTING_EVERY_MILLIS,
              TimeUnit.MILLISECONDS);
      what.run();
      if (coming.isDone()) {
        throw new IllegalStateException("preempting pods came no more");
      }
      coming.cancel(false);
    }
    System.out.printf(Locale.ROOT, "  %d preempting pods came meanwhile%n", count.get());
    await("a place for each of them", () -> preempting.size() >= count.get());
  }

  private static void await(String what, java.util.function.BooleanSupplier there) {
    long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(MINUTES_MAX);
    while (!there.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new IllegalStateException(what + ": not within " + MINUTES_MAX + " min");
      }
      LockSupport.parkNanos(1_000_000);
    }
  }

  private void classes() {
    for (Map.Entry<String, Integer> each : Map.of("low", 1, "high", 1_000).entrySet()) {
      ObjectNode priority = Api.object().put("kind", "PriorityClass");
      priority.put("apiVersion", "scheduling.k8s.io/v1").put("value", each.getValue());
      priority.putObject("metadata").put("name", each.getKey());
      api.create("/apis/scheduling.k8s.io/v1/priorityclasses", priority.toString());
    }
  }

  /// Completes the spec of a pod.
  @FunctionalInterface
  private interface Shape {
    void of(ObjectNode pod);
  }

  private void report(String name, int count, Shape shape) {
    double before = server.seconds();
    double seconds = place(name, count, shape);
    double millis = (server.seconds() - before) * 1_000 / count;
    System.out.printf(
        Locale.ROOT,
        "%s: %d pods, %.0f pods/s (%.1f s), processor time of the server %.2f ms for each%n",
        name,
        count,
        count / seconds,
        seconds,
        millis);
  }

  /// Gives the seconds from the first create to the last binding.
  private double place(String name, int count, Shape shape) {
    bound.clear();
    prefix = name.replaceAll("[^a-z]+", "-") + "-";
    long begin = System.nanoTime();
    FakeNodes.each(count, WORKERS, index -> create(prefix + index, shape));
    await(name, () -> bound.size() >= count);
    return (System.nanoTime() - begin) / 1e9;
  }

  private void create(String name, Shape shape) {
    ObjectNode pod = Api.object().put("kind", "Pod").put("apiVersion", "v1");
    pod.putObject("metadata").put("name", name).putObject("labels").put("app", "load");
    // Nobody is there to end them.
    ObjectNode spec = pod.putObject("spec").put("terminationGracePeriodSeconds", 0);
    ObjectNode container = spec.putArray("containers").addObject();
    container.put("name", "c").put("image", "example/any:1");
    container
        .putObject("resources")
        .putObject("requests")
        .put("cpu", "100m")
        .put("memory", "100Mi");
    shape.of(pod);
    api.create("/api/v1/namespaces/default/pods", pod.toString());
  }

  private static void spread(ObjectNode pod) {
    ObjectNode spec = (ObjectNode) pod.path("spec");
    label(pod, "spread");
    ObjectNode expression =
        spec.putObject("affinity")
            .putObject("nodeAffinity")
            .putObject("requiredDuringSchedulingIgnoredDuringExecution")
            .putArray("nodeSelectorTerms")
            .addObject()
            .putArray("matchExpressions")
            .addObject();
    expression.put("key", "topology.kubernetes.io/zone").put("operator", "In");
    ArrayNode zones = expression.putArray("values");
    List.of("zone-0", "zone-1", "zone-2", "zone-3", "zone-4").forEach(zones::add);
    ObjectNode constraint = spec.putArray("topologySpreadConstraints").addObject();
    constraint.put("maxSkew", 5).put("topologyKey", "topology.kubernetes.io/zone");
    constraint.put("whenUnsatisfiable", "DoNotSchedule");
    selector(constraint, "spread");
  }

  private static void apart(ObjectNode pod) {
    label(pod, "apart");
    ObjectNode term =
        ((ObjectNode) pod.path("spec"))
            .putObject("affinity")
            .putObject("podAntiAffinity")
            .putArray("requiredDuringSchedulingIgnoredDuringExecution")
            .addObject();
    term.put("topologyKey", "kubernetes.io/hostname");
    selector(term, "apart");
  }

  private static void label(ObjectNode pod, String value) {
    pod.withObjectProperty("metadata").withObjectProperty("labels").put("app", value);
  }

  private static void selector(ObjectNode where, String value) {
    where.putObject("labelSelector").putObject("matchLabels").put("app", value);
  }

  private static void low(ObjectNode pod) {
    processors(pod, "low", "900m");
  }

  private static void high(ObjectNode pod) {
    processors(pod, "high", "3");
  }

  private static void processors(ObjectNode pod, String priority, String cpu) {
    ((ObjectNode) pod.path("spec")).put("priorityClassName", priority);
    ((ObjectNode) pod.path("spec").path("containers").path(0).path("resources").path("requests"))
        .put("cpu", cpu);
  }
}
