// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.havn.apiserver.http.Credential;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.Response;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informers;
import dev.havn.scheduler.Scheduler;
import dev.havn.scheduler.profile.SchedulerConfiguration;
import dev.havn.server.loopback.LoopbackFactory;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.ByteArrayInputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A scheduler that gets no answer to what it writes: it may have been done or not.
class LostBindingsTest {
  private static final String NAME = "lost-scheduler";
  private static final String BINDING = "POST /api/v1/namespaces/default/pods/one/binding";
  private static final String READING = "GET /api/v1/namespaces/default/pods/one";

  private final EmbeddedCluster cluster = EmbeddedCluster.start(1);
  private final KubernetesClient doubtful = doubtful();
  private final List<Runnable> late = new ArrayList<>();
  private final List<Instant> readings = new ArrayList<>();
  private Predicate<String> isDone = _ -> false;
  private Predicate<String> isNotDone = _ -> false;
  private Predicate<String> isRefused = _ -> false;
  private boolean isLate;
  private Informers informers;
  private Scheduler scheduler;

  private KubernetesClient doubtful() {
    Config config =
        new ConfigBuilder(Config.empty())
            .withMasterUrl("http://loopback/")
            .withRequestRetryBackoffLimit(0)
            .build();
    return new KubernetesClientBuilder()
        .withConfig(config)
        .withHttpClientFactory(
            new LoopbackFactory(
                this::handle,
                new Credential.Loopback("admin", List.of("system:masters")),
                this::deliver))
        .withTaskExecutor(cluster.time())
        .build();
  }

  private void handle(Request request, Response response) {
    String line = request.method() + " " + request.path();
    if (line.equals(READING)) {
      readings.add(cluster.now());
    }
    boolean wasDone = isDone.test(line);
    if (wasDone) {
      isLate = true;
      cluster.handler().handle(request, new ControlPlaneBench.Ignored());
    }
    if (wasDone || isNotDone.test(line)) {
      response.send(503, new Headers(), List.of());
    } else if (isRefused.test(line)) {
      String conflict =
          "{\"kind\":\"Status\",\"reason\":\"Conflict\",\"message\":\"refused\",\"code\":409}";
      response.send(
          409,
          new Headers().set("Content-Type", "application/json"),
          List.of(ByteBuffer.wrap(conflict.getBytes(UTF_8))));
    } else {
      cluster.handler().handle(request, response);
    }
  }

  /// What watches tell.
  private void deliver(Runnable task) {
    if (isLate) {
      late.add(task);
    } else {
      cluster.time().execute(task);
    }
  }

  /// From now on watches tell what there is.
  private void catchUp() {
    isLate = false;
    late.forEach(cluster.time()::execute);
    late.clear();
    cluster.settle();
  }

  /// The first time only.
  private static Predicate<String> once(String wanted) {
    List<String> seen = new ArrayList<>();
    return line -> line.equals(wanted) && seen.isEmpty() && seen.add(line);
  }

  @BeforeEach
  void start() throws JsonProcessingException {
    Api api = new Api(doubtful);
    informers = new Informers(api, cluster.time());
    scheduler =
        new Scheduler(
            informers,
            api,
            SchedulerConfiguration.of(
                new ObjectMapper()
                    .readTree(
                        """
                        {"apiVersion": "kubescheduler.config.k8s.io/v1", "kind": "KubeSchedulerConfiguration",
                         "profiles": [{"schedulerName": "%s"}]}
                        """
                            .formatted(NAME))),
            cluster.time(),
            cluster.time());
    scheduler.lead(true);
    make(
        """
        apiVersion: v1
        kind: Node
        metadata: {name: small, labels: {size: small}}
        """);
    new Api(cluster.client())
        .merge(
            "/api/v1/nodes/small/status",
            Api.object()
                .set(
                    "status",
                    Api.object()
                        .set("allocatable", Api.object().put("cpu", "1").put("pods", "10"))));
    cluster.settle();
  }

  @AfterEach
  void end() {
    scheduler.close();
    informers.close();
    doubtful.close();
    cluster.close();
  }

  private void make(String yaml) {
    cluster
        .client()
        .load(new ByteArrayInputStream(yaml.getBytes(UTF_8)))
        .items()
        .forEach(each -> cluster.client().resource(each).create());
  }

  /// @param processors of the node's one
  private static String pod(String name, String processors, String more) {
    return """
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: %s, namespace: default}
    spec:
      schedulerName: %s
      nodeSelector: {size: small}
      terminationGracePeriodSeconds: 0
      tolerations: [{operator: Exists}]
      containers: [{name: c, image: 'example/c:1', resources: {requests: {cpu: '%s'}}}]
      %s
    """
        .formatted(name, NAME, processors, more);
  }

  private Pod read(String name) {
    return cluster.client().pods().inNamespace("default").withName(name).get();
  }

  private List<String> bound() {
    return cluster.client().pods().inNamespace("default").list().getItems().stream()
        .filter(each -> "small".equals(each.getSpec().getNodeName()))
        .map(each -> each.getMetadata().getName())
        .toList();
  }

  private List<String> events(String pod) {
    return cluster.client().v1().events().inNamespace("default").list().getItems().stream()
        .filter(each -> each.getInvolvedObject().getName().equals(pod))
        .map(each -> each.getReason())
        .toList();
  }

  @Test
  void aPodThatWasBoundKeepsItsPlaceThoughNobodySaidSo() {
    isDone = once(BINDING);
    make(pod("one", "1", "") + pod("two", "1", ""));
    cluster.advance(Duration.ofSeconds(20));
    assertThat(bound()).as("before the watch shows it").containsExactly("one");
    catchUp();
    cluster.advance(Duration.ofSeconds(20));
    assertThat(bound()).containsExactly("one");
    assertThat(events("one")).containsExactly("Scheduled");
    assertThat(events("two")).containsOnly("FailedScheduling");
    assertThat(readings).hasSize(1);
  }

  @Test
  void aPodThatWasNotBoundIsTriedAgain() {
    isNotDone = once(BINDING);
    make(pod("one", "1", ""));
    cluster.settle();
    assertThat(events("one")).containsExactly("FailedScheduling");
    assertThat(read("one").getStatus().getConditions().getFirst().getMessage())
        .startsWith("running Bind plugin \"DefaultBinder\": ");
    cluster.advance(Duration.ofSeconds(2));
    assertThat(bound()).containsExactly("one");
    assertThat(events("one")).containsExactlyInAnyOrder("FailedScheduling", "Scheduled");
  }

  @Test
  void aRefusalNeedsNoReading() {
    isRefused = once(BINDING);
    make(pod("one", "1", ""));
    cluster.settle();
    assertThat(events("one")).containsExactly("FailedScheduling");
    assertThat(readings).isEmpty();
    cluster.advance(Duration.ofSeconds(2));
    assertThat(bound()).containsExactly("one");
  }

  @Test
  void aPodThatCannotBeReadKeepsItsPlaceAndIsReadLessAndLessOften() {
    isDone = once(BINDING);
    isNotDone = READING::equals;
    make(pod("one", "1", "") + pod("two", "1", ""));
    Instant begin = cluster.now();
    cluster.advance(Duration.ofSeconds(5));
    assertThat(readings.stream().map(each -> Duration.between(begin, each).toMillis()))
        .containsExactly(0L, 100L, 300L, 700L, 1_500L, 3_100L);
    assertThat(bound()).containsExactly("one");
    catchUp();
    cluster.advance(Duration.ofMinutes(1));
    assertThat(readings).as("the watch says it").hasSize(6);
    assertThat(bound()).containsExactly("one");
    assertThat(events("one")).containsExactly("Scheduled");
  }

  @Test
  void whoDoesNotLeadReadsNothing() {
    isNotDone = line -> line.equals(BINDING) || line.equals(READING);
    make(pod("one", "1", ""));
    cluster.settle();
    scheduler.lead(false);
    cluster.advance(Duration.ofMinutes(1));
    assertThat(readings).hasSize(1);
    isNotDone = _ -> false;
    scheduler.lead(true);
    cluster.settle();
    assertThat(readings).hasSize(2);
    assertThat(bound()).isEmpty();
    cluster.advance(Duration.ofSeconds(2));
    assertThat(bound()).containsExactly("one");
  }

  @Test
  void aPodThatGoesMeanwhileLeavesItsPlace() {
    isNotDone = line -> line.equals(BINDING) || line.equals(READING);
    make(pod("one", "1", "") + pod("two", "1", ""));
    cluster.advance(Duration.ofSeconds(20));
    assertThat(bound()).isEmpty();
    cluster.client().resource(read("one")).withGracePeriod(0).delete();
    cluster.advance(Duration.ofSeconds(2));
    assertThat(bound()).containsExactly("two");
    int asked = readings.size();
    cluster.advance(Duration.ofMinutes(1));
    assertThat(readings).hasSize(asked);
  }

  private static String devices(int count) {
    StringBuilder devices = new StringBuilder("{name: d0}");
    for (int i = 1; i < count; i++) {
      devices.append(", {name: d").append(i).append('}');
    }
    return """
    ---
    apiVersion: resource.k8s.io/v1
    kind: DeviceClass
    metadata: {name: any}
    spec: {selectors: [{cel: {expression: 'device.driver == "lost.example.com"'}}]}
    ---
    apiVersion: resource.k8s.io/v1
    kind: ResourceSlice
    metadata: {name: slice}
    spec:
      driver: lost.example.com
      nodeName: small
      pool: {name: pool, generation: 1, resourceSliceCount: 1}
      devices: [%s]
    """
        .formatted(devices);
  }

  private static String claim(String name) {
    return """
    ---
    apiVersion: resource.k8s.io/v1
    kind: ResourceClaim
    metadata: {name: %s, namespace: default}
    spec: {devices: {requests: [{name: r, exactly: {deviceClassName: any}}]}}
    """
        .formatted(name);
  }

  private static String uses(String claim) {
    return "resourceClaims: [{name: d, resourceClaimName: " + claim + "}]";
  }

  private List<String> reservedFor(String claim) {
    return readClaim(claim).getStatus().getReservedFor().stream()
        .map(each -> each.getName())
        .toList();
  }

  private ResourceClaim readClaim(String name) {
    return cluster
        .client()
        .resources(ResourceClaim.class)
        .inNamespace("default")
        .withName(name)
        .get();
  }

  private boolean hasDevices(String claim) {
    ResourceClaim now = readClaim(claim);
    return now.getStatus() != null && now.getStatus().getAllocation() != null;
  }

  @Test
  void theClaimsOfAPodThatWasBoundStayItsOwn() {
    make(devices(1) + claim("one"));
    isDone = once(BINDING);
    isNotDone = READING::equals;
    make(pod("one", "0", uses("one")));
    cluster.advance(Duration.ofSeconds(5));
    assertThat(reservedFor("one")).containsExactly("one");
    catchUp();
    cluster.advance(Duration.ofSeconds(5));
    assertThat(reservedFor("one")).containsExactly("one");
    assertThat(bound()).containsExactly("one");
  }

  @Test
  void theClaimsOfAPodThatWasNotBoundAreGivenBack() {
    make(devices(1) + claim("one"));
    isNotDone = once(BINDING);
    make(pod("one", "0", uses("one")));
    cluster.settle();
    assertThat(bound()).isEmpty();
    assertThat(hasDevices("one")).isFalse();
    assertThat(reservedFor("one")).isEmpty();
    cluster.advance(Duration.ofSeconds(2));
    assertThat(hasDevices("one")).isTrue();
    assertThat(reservedFor("one")).containsExactly("one");
    assertThat(bound()).containsExactly("one");
  }

  @Test
  void noDeviceIsGivenTwiceWhenNobodySaysThatItWasGiven() {
    make(devices(1) + claim("one") + claim("two"));
    String status = "/apis/resource.k8s.io/v1/namespaces/default/resourceclaims/one/status";
    isDone = once("PUT " + status);
    // Its devices stay with it, as somebody has changed it meanwhile.
    List<String> patches = new ArrayList<>();
    isRefused = line -> line.equals("PATCH " + status) && patches.add(line) && patches.size() == 2;
    make(pod("one", "0", uses("one")) + pod("two", "0", uses("two")));
    cluster.settle();
    assertThat(patches).hasSize(2);
    // After five minutes whoever waits is looked at again.
    cluster.advance(Duration.ofMinutes(6));
    assertThat(hasDevices("one")).isTrue();
    assertThat(hasDevices("two")).as("before the watch shows it").isFalse();
    catchUp();
    cluster.advance(Duration.ofSeconds(20));
    assertThat(hasDevices("two")).isFalse();
    assertThat(bound()).containsExactly("one");
  }

  @Test
  void aClaimThatCannotBeGivenBackIsGivenBackLater() {
    make(devices(1) + claim("one"));
    String status = "/apis/resource.k8s.io/v1/namespaces/default/resourceclaims/one/status";
    isDone = once("PUT " + status);
    isNotDone = ("PATCH " + status)::equals;
    make(pod("one", "0", uses("one")));
    cluster.advance(Duration.ofSeconds(5));
    assertThat(bound()).isEmpty();
    assertThat(events("one")).isEmpty();
    isNotDone = _ -> false;
    catchUp();
    cluster.advance(Duration.ofSeconds(20));
    assertThat(events("one")).containsExactlyInAnyOrder("FailedScheduling", "Scheduled");
    assertThat(reservedFor("one")).containsExactly("one");
    assertThat(bound()).containsExactly("one");
  }

  @Test
  void aPodWithAVolumeKeepsItsPlaceToo() {
    make(
        """
        apiVersion: storage.k8s.io/v1
        kind: StorageClass
        metadata: {name: late}
        provisioner: kubernetes.io/no-provisioner
        volumeBindingMode: WaitForFirstConsumer
        ---
        apiVersion: v1
        kind: PersistentVolume
        metadata: {name: disk}
        spec:
          capacity: {storage: 1Gi}
          accessModes: [ReadWriteOnce]
          storageClassName: late
          persistentVolumeReclaimPolicy: Retain
          local: {path: /nowhere}
          nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: size, operator: In, values: [small]}]}]}}
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: disk, namespace: default}
        spec:
          accessModes: [ReadWriteOnce]
          storageClassName: late
          resources: {requests: {storage: 1Gi}}
        """);
    isDone = once(BINDING);
    make(
        pod("one", "1", "volumes: [{name: v, persistentVolumeClaim: {claimName: disk}}]")
            + pod("two", "1", ""));
    cluster.advance(Duration.ofSeconds(20));
    assertThat(bound()).as("before the watch shows it").containsExactly("one");
    catchUp();
    cluster.advance(Duration.ofSeconds(20));
    assertThat(bound()).containsExactly("one");
    assertThat(events("one")).containsExactly("Scheduled");
  }
}
