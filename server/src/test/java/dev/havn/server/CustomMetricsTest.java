// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.apiserver.certificates.Authority;
import dev.havn.apiserver.http.DoorLimits;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.HttpsDoor;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.Response;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.ByteArrayInputStream;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Autoscalers by figures that another server serves below `custom.metrics.k8s.io` and
/// `external.metrics.k8s.io`: an adapter, here this test, behind a Service. What they say was
/// recorded from Kubernetes 1.36.3.
@Timeout(120)
class CustomMetricsTest {
  private static final Duration PERIOD = Duration.ofSeconds(15);
  private static final String CUSTOM = "/apis/custom.metrics.k8s.io/v1beta2";
  private static final String EXTERNAL = "/apis/external.metrics.k8s.io/v1beta1";

  private static final String WEB =
      """
      apiVersion: apps/v1
      kind: ReplicaSet
      metadata: {name: web, namespace: default}
      spec:
        replicas: 2
        selector: {matchLabels: {app: web}}
        template:
          metadata: {labels: {app: web}}
          spec: {containers: [{name: web, image: web}]}
      """;

  private static final String PARTIES =
      """
      apiVersion: apiextensions.k8s.io/v1
      kind: CustomResourceDefinition
      metadata: {name: parties.test.example}
      spec:
        group: test.example
        scope: Namespaced
        names: {plural: parties, singular: party, kind: Party}
        versions:
        - name: v1
          served: true
          storage: true
          subresources:
            status: {}
            scale: {specReplicasPath: .spec.guests, statusReplicasPath: .status.guests, labelSelectorPath: .status.who}
          schema:
            openAPIV3Schema:
              type: object
              properties:
                spec: {type: object, properties: {guests: {type: integer}}}
                status: {type: object, properties: {guests: {type: integer}, who: {type: string}}}
      """;

  private static final String AUTOSCALER =
      """
      apiVersion: autoscaling/v2
      kind: HorizontalPodAutoscaler
      metadata: {name: web, namespace: default}
      spec:
        scaleTargetRef: {apiVersion: apps/v1, kind: ReplicaSet, name: web}
        minReplicas: 1
        maxReplicas: 10
        metrics:
      """;

  private static final String PACKETS =
      "  - {type: Pods, pods: {metric: {name: packets}, target: {type: AverageValue, averageValue: 1k}}}\n";

  private static final String QUEUE =
      "  - {type: External, external: {metric: {name: queue, selector: {matchLabels: {q: a}}}, target: {type: Value, value: '30'}}}\n";

  private static final String REQUESTS =
      "  - {type: Object, object: {metric: {name: requests}, describedObject: {apiVersion: networking.k8s.io/v1, kind: Ingress, name: main}, target: {type: Value, value: 1k}}}\n";

  @TempDir private Path folder;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Queue<String> asked = new ConcurrentLinkedQueue<>();

  /// What the adapter says, by path.
  private final Map<String, String> served = new ConcurrentHashMap<>();

  private EmbeddedCluster cluster;
  private KubernetesClient client;
  private HttpsDoor adapter;

  @BeforeEach
  void installAnAdapter() throws Exception {
    Optional<String> here = addressOfThisMachine();
    assumeTrue(here.isPresent(), "a Service leads to no loopback address, and there is no other");
    Authority.Identity identity =
        Authority.open(folder, InstantSource.system(), new SecureRandom())
            .server(List.of("metrics.default.svc"), List.of());
    adapter =
        HttpsDoor.open(
            here.get(),
            0,
            new HttpsDoor.Identity(
                identity.keys().getPrivate(), List.of(identity.certificate()), List.of()),
            this::answer,
            new HttpsDoor.Surroundings(threads, new Random(1), DoorLimits.standard()));
    cluster = EmbeddedCluster.start(1);
    client = cluster.client();
    create(
        """
        apiVersion: v1
        kind: Service
        metadata: {name: metrics, namespace: default}
        spec: {ports: [{port: 443}]}
        ---
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: metrics, namespace: default, labels: {kubernetes.io/service-name: metrics}}
        addressType: IPv4
        ports: [{name: '', port: %d}]
        endpoints: [{addresses: ['%s']}]
        """
            .formatted(adapter.port(), here.get()));
    apiService("custom.metrics.k8s.io", "v1beta2");
    apiService("external.metrics.k8s.io", "v1beta1");
    cluster.settle();
  }

  @AfterEach
  void close() {
    if (cluster != null) {
      cluster.close();
      adapter.close();
    }
    threads.shutdownNow();
  }

  static Optional<String> addressOfThisMachine() throws Exception {
    return NetworkInterface.networkInterfaces()
        .flatMap(NetworkInterface::inetAddresses)
        .filter(Inet4Address.class::isInstance)
        .filter(each -> !each.isLoopbackAddress() && !each.isLinkLocalAddress())
        .map(InetAddress::getHostAddress)
        .findFirst();
  }

  private void apiService(String group, String version) {
    create(
        """
        apiVersion: apiregistration.k8s.io/v1
        kind: APIService
        metadata: {name: %2$s.%1$s}
        spec:
          group: %1$s
          version: %2$s
          groupPriorityMinimum: 100
          versionPriority: 100
          insecureSkipTLSVerify: true
          service: {name: metrics, namespace: default}
        """
            .formatted(group, version));
  }

  private void answer(Request request, Response response) {
    asked.add(request.target());
    String path = request.path();
    if (path.equals(CUSTOM) || path.equals(EXTERNAL)) {
      send(
          response,
          200,
          "{\"kind\":\"APIResourceList\",\"apiVersion\":\"v1\",\"groupVersion\":\"%s\",\"resources\":[]}"
              .formatted(path.substring("/apis/".length())));
    } else if (served.containsKey(path)) {
      String body = served.getOrDefault(path, "");
      send(response, body.contains("\"code\":404") ? 404 : 200, body);
    } else {
      send(response, 404, "404 page not found");
    }
  }

  private static void send(Response response, int code, String body) {
    response.send(
        code,
        new Headers().set("content-type", body.startsWith("{") ? "application/json" : "text/plain"),
        List.of(ByteBuffer.wrap(body.getBytes(StandardCharsets.UTF_8))));
  }

  /// Lets the adapter say a figure of each pod.
  private void packets(String value) {
    StringBuilder items = new StringBuilder();
    for (var pod : client.pods().inNamespace("default").list().getItems()) {
      items
          .append(items.isEmpty() ? "" : ",")
          .append(
              """
              {"describedObject":{"kind":"Pod","namespace":"default","name":"%s","apiVersion":"/v1"},
               "metric":{"name":"packets"},"timestamp":"2026-01-01T00:00:00Z","value":"%s"}
              """
                  .formatted(pod.getMetadata().getName(), value));
    }
    served.put(
        CUSTOM + "/namespaces/default/pods/*/packets",
        "{\"kind\":\"MetricValueList\",\"items\":[" + items + "]}");
  }

  private void requests(String value) {
    served.put(
        CUSTOM + "/namespaces/default/ingresses.networking.k8s.io/main/requests",
        """
        {"kind":"MetricValueList","items":[
         {"describedObject":{"kind":"Ingress","namespace":"default","name":"main"},
          "metric":{"name":"requests"},"timestamp":"2026-01-01T00:00:00Z","value":"%s"}]}
        """
            .formatted(value));
  }

  private void queue(String value) {
    served.put(
        EXTERNAL + "/namespaces/default/queue",
        """
        {"kind":"ExternalMetricValueList","items":[
         {"metricName":"queue","metricLabels":{"q":"a"},"timestamp":"2026-01-01T00:00:00Z","value":"%s"}]}
        """
            .formatted(value));
  }

  private void create(String yaml) {
    client.load(new ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8))).create();
  }

  private HorizontalPodAutoscaler web() {
    return client
        .autoscaling()
        .v2()
        .horizontalPodAutoscalers()
        .inNamespace("default")
        .withName("web")
        .get();
  }

  private List<String> conditions() {
    return web().getStatus().getConditions().stream()
        .map(
            each ->
                "%s=%s %s: %s"
                    .formatted(
                        each.getType(), each.getStatus(), each.getReason(), each.getMessage()))
        .toList();
  }

  private List<String> events() {
    return client.v1().events().inNamespace("default").list().getItems().stream()
        .filter(each -> each.getInvolvedObject().getKind().equals("HorizontalPodAutoscaler"))
        .map(each -> each.getReason() + ": " + each.getMessage())
        .toList();
  }

  private int replicas() {
    return client
        .apps()
        .replicaSets()
        .inNamespace("default")
        .withName("web")
        .get()
        .getSpec()
        .getReplicas();
  }

  @Test
  void figuresOfPodsObjectsAndQueuesDecide() {
    create(WEB);
    cluster.settle();
    packets("1500");
    requests("1500");
    queue("60");
    create(AUTOSCALER + PACKETS + QUEUE + REQUESTS);
    cluster.advance(PERIOD);
    assertThat(replicas()).isEqualTo(4);
    assertThat(conditions())
        .contains(
            "ScalingActive=True ValidMetricFound: the HPA was able to successfully calculate a replica count from external metric queue(&LabelSelector{MatchLabels:map[string]string{q: a,},MatchExpressions:[]LabelSelectorRequirement{},})");
    assertThat(asked)
        .contains(
            CUSTOM + "/namespaces/default/pods/*/packets?labelSelector=app%3Dweb",
            CUSTOM + "/namespaces/default/ingresses.networking.k8s.io/main/requests",
            EXTERNAL + "/namespaces/default/queue?labelSelector=q%3Da");
    queue("30");
    packets("100");
    requests("100");
    cluster.advance(Duration.ofMinutes(6));
    assertThat(replicas()).as("the queue alone holds on to them").isEqualTo(4);
    queue("3");
    cluster.advance(Duration.ofMinutes(6));
    assertThat(replicas()).isEqualTo(1);
  }

  @Test
  void whatAnAdapterRefusesIsSaidInItsWords() {
    create(WEB);
    cluster.settle();
    served.put(
        CUSTOM + "/namespaces/default/pods/*/packets",
        "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"message\":\"the server could not find the metric packets for pods\",\"reason\":\"NotFound\",\"code\":404}");
    create(AUTOSCALER + PACKETS + QUEUE);
    cluster.advance(PERIOD);
    assertThat(events())
        .containsExactlyInAnyOrder(
            "FailedGetPodsMetric: unable to get metric packets: unable to fetch metrics from custom metrics API: the server could not find the metric packets for pods",
            "FailedGetExternalMetric: unable to get external metric default/queue/&LabelSelector{MatchLabels:map[string]string{q: a,},MatchExpressions:[]LabelSelectorRequirement{},}: unable to fetch metrics from external metrics API: the server could not find the requested resource (get queue.external.metrics.k8s.io)",
            "FailedComputeMetricsReplicas: invalid metrics (2 invalid out of 2), first error is: failed to get pods metric value: unable to get metric packets: unable to fetch metrics from custom metrics API: the server could not find the metric packets for pods");
    assertThat(replicas()).isEqualTo(2);
  }

  @Test
  void anAdapterThatIsGoneLeavesTheNumberAsItIs() {
    create(WEB);
    cluster.settle();
    queue("90");
    create(AUTOSCALER + QUEUE);
    client.services().inNamespace("default").withName("metrics").delete();
    cluster.advance(PERIOD.multipliedBy(2));
    assertThat(conditions().get(1))
        .startsWith("ScalingActive=False FailedGetExternalMetric: ")
        .endsWith(
            "the server is currently unable to handle the request (get queue.external.metrics.k8s.io)");
    assertThat(replicas()).isEqualTo(2);
  }

  @Test
  void customResourcesAreScaled() {
    create(PARTIES);
    create(WEB);
    cluster.settle();
    Api api = new Api(client);
    String path = "/apis/test.example/v1/namespaces/default/parties";
    api.create(
        path,
        "{\"apiVersion\":\"test.example/v1\",\"kind\":\"Party\",\"metadata\":{\"name\":\"web\"},\"spec\":{\"guests\":2}}");
    create(
        AUTOSCALER.replace(
                "apiVersion: apps/v1, kind: ReplicaSet", "apiVersion: test.example/v1, kind: Party")
            + QUEUE);
    queue("60");
    cluster.advance(PERIOD);
    assertThat(conditions())
        .contains(
            "AbleToScale=True SucceededGetScale: the HPA controller was able to get the target's current scale",
            "ScalingActive=False InvalidSelector: the HPA target's scale is missing a selector");
    assertThat(events())
        .containsExactlyInAnyOrder(
            "SelectorRequired: selector is required",
            "FailedComputeMetricsReplicas: selector is required");
    var status = Api.object();
    status.putObject("status").put("guests", 2).put("who", "app=web");
    api.merge(path + "/web/status", status);
    cluster.advance(PERIOD);
    JsonNode party = api.get(path + "/web");
    assertThat(party.at("/spec/guests").asInt()).isEqualTo(4);
    assertThat(conditions())
        .contains(
            "AbleToScale=True SucceededRescale: the HPA controller was able to update the target scale to 4");
    assertThat(web().getStatus().getCurrentReplicas()).isEqualTo(2);
    assertThat(web().getStatus().getDesiredReplicas()).isEqualTo(4);
  }

  /// @param target as `kind name apiVersion`
  private String said(String target) {
    String[] of = target.split(" ", -1);
    create(
        """
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web, namespace: default}
        spec:
          scaleTargetRef: {kind: %s, name: %s, apiVersion: %s}
          maxReplicas: 5
        """
            .formatted((Object[]) of));
    cluster.advance(PERIOD);
    String said = conditions().getFirst();
    client.resource(web()).delete();
    cluster.settle();
    String before =
        "AbleToScale=False FailedGetScale: the HPA controller was unable to get the target's current scale: ";
    assertThat(said).startsWith(before);
    return said.substring(before.length());
  }

  @Test
  void whatHasNoScaleIsSaid() {
    create(PARTIES);
    create(
        PARTIES
            .replace("parties", "plains")
            .replace("party", "plain")
            .replace("Party", "Plain")
            .replaceFirst("scale: \\{.*}", ""));
    cluster.settle();
    Api api = new Api(client);
    String path = "/apis/test.example/v1/namespaces/default/";
    String object =
        "{\"apiVersion\":\"test.example/v1\",\"kind\":\"%s\",\"metadata\":{\"name\":\"%s\"}%s}";
    api.create(path + "plains", object.formatted("Plain", "plain", ",\"spec\":{\"guests\":2}"));
    api.create(path + "parties", object.formatted("Party", "empty", ""));
    api.create(path + "parties", object.formatted("Party", "odd", ",\"spec\":{\"guests\":2}"));
    var status = Api.object();
    status.putObject("status").put("guests", 2).put("who", "a in (");
    api.merge(path + "parties/odd/status", status);
    assertThat(said("Plain plain test.example/v1"))
        .isEqualTo("plains.test.example \"plain\" not found");
    assertThat(said("Party empty test.example/v1"))
        .isEqualTo(
            "Internal error occurred: the spec replicas field \".spec.guests\" does not exist");
    assertThat(said("Party odd test.example/v1"))
        .isEqualTo(
            "received an object from a /scale endpoint which was not convertible to autoscaling Scale: failed to parse target selector: couldn't parse the selector string \"a in (\": unable to parse requirement: found '', expected: ',', ')' or identifier");
    assertThat(said("Party nobody test.example/v9"))
        .isEqualTo("parties.test.example \"nobody\" not found");
    assertThat(said("Gadget any test.example/v1"))
        .isEqualTo("no matches for kind \"Gadget\" in group \"test.example\"");
    assertThat(said("Gadget any no.example/v1"))
        .isEqualTo("no matches for kind \"Gadget\" in group \"no.example\"");
  }
}
