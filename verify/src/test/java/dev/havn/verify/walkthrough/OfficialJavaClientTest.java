// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.reflect.TypeToken;
import io.kubernetes.client.Exec;
import io.kubernetes.client.PodLogs;
import io.kubernetes.client.custom.V1Patch;
import io.kubernetes.client.informer.SharedIndexInformer;
import io.kubernetes.client.informer.SharedInformerFactory;
import io.kubernetes.client.openapi.ApiClient;
import io.kubernetes.client.openapi.ApiException;
import io.kubernetes.client.openapi.JSON;
import io.kubernetes.client.openapi.apis.AppsV1Api;
import io.kubernetes.client.openapi.apis.CoreV1Api;
import io.kubernetes.client.openapi.models.V1ConfigMap;
import io.kubernetes.client.openapi.models.V1Deployment;
import io.kubernetes.client.openapi.models.V1DeploymentStatus;
import io.kubernetes.client.openapi.models.V1Namespace;
import io.kubernetes.client.openapi.models.V1ObjectMeta;
import io.kubernetes.client.openapi.models.V1Pod;
import io.kubernetes.client.openapi.models.V1PodList;
import io.kubernetes.client.openapi.models.V1PodTemplateSpec;
import io.kubernetes.client.openapi.models.V1ReplicaSet;
import io.kubernetes.client.util.CallGeneratorParams;
import io.kubernetes.client.util.Config;
import io.kubernetes.client.util.PatchUtils;
import io.kubernetes.client.util.Watch;
import io.kubernetes.client.util.Yaml;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;

/// The walk-through's steps with the Kubernetes project's own Java client.
@ExtendWith(LaunchedCluster.Shared.class)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class OfficialJavaClientTest {
  private static final String NAMESPACE = "walk-official";

  private static final String DEPLOYMENT =
      """
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: web}
      spec:
        replicas: 3
        selector: {matchLabels: {app: web}}
        template:
          metadata: {labels: {app: web}}
          spec:
            containers:
            - {name: web, image: "example/web:1"}
      """;

  private static LaunchedCluster cluster;
  private static ApiClient client;
  private static CoreV1Api core;
  private static AppsV1Api apps;

  @BeforeAll
  static void connect(LaunchedCluster shared) throws Exception {
    cluster = shared;
    client = Config.fromConfig(shared.kubeconfig().toString());
    client.setReadTimeout(0);
    core = new CoreV1Api(client);
    apps = new AppsV1Api(client);
    core.createNamespace(new V1Namespace().metadata(new V1ObjectMeta().name(NAMESPACE))).execute();
  }

  @AfterAll
  static void deleteTheNamespace() throws Exception {
    core.deleteNamespace(NAMESPACE).execute();
    try (Watch<V1Namespace> watch =
        Watch.createWatch(
            client,
            core.listNamespace()
                .fieldSelector("metadata.name=" + NAMESPACE)
                .timeoutSeconds(60)
                .watch(true)
                .buildCall(null),
            new TypeToken<Watch.Response<V1Namespace>>() {}.getType())) {
      for (Watch.Response<V1Namespace> event : watch) {
        if (event.type.equals("DELETED")) {
          break;
        }
      }
    }
    assertThatThrownBy(() -> core.readNamespace(NAMESPACE).execute())
        .isInstanceOfSatisfying(
            ApiException.class, gone -> assertThat(gone.getCode()).isEqualTo(404));
  }

  /// Watches the deployment until it is as its specification wants it.
  private static V1Deployment untilReady(int replicas) throws Exception {
    try (Watch<V1Deployment> watch =
        Watch.createWatch(
            client,
            apps.listNamespacedDeployment(NAMESPACE).timeoutSeconds(60).watch(true).buildCall(null),
            new TypeToken<Watch.Response<V1Deployment>>() {}.getType())) {
      for (Watch.Response<V1Deployment> event : watch) {
        if (isReady(event.object, replicas)) {
          return event.object;
        }
      }
    }
    throw new AssertionError("the deployment has not become ready");
  }

  private static boolean isReady(V1Deployment deployment, int replicas) {
    V1DeploymentStatus status = Objects.requireNonNull(deployment.getStatus());
    Integer wanted = replicas;
    return Objects.equals(deployment.getMetadata().getGeneration(), status.getObservedGeneration())
        && wanted.equals(status.getUpdatedReplicas())
        && wanted.equals(status.getAvailableReplicas())
        && wanted.equals(status.getReplicas());
  }

  private static V1Pod pod() throws ApiException {
    return core.listNamespacedPod(NAMESPACE).labelSelector("app=web").execute().getItems().stream()
        .filter(each -> each.getMetadata().getDeletionTimestamp() == null)
        .findFirst()
        .orElseThrow();
  }

  @Test
  @Order(1)
  void aDeploymentRollsOutAndAnInformerSeesIt() throws Exception {
    SharedInformerFactory informers = new SharedInformerFactory(client);
    SharedIndexInformer<V1Pod> pods =
        informers.sharedIndexInformerFor(
            (CallGeneratorParams parameters) ->
                core.listNamespacedPod(NAMESPACE)
                    .resourceVersion(parameters.resourceVersion)
                    .timeoutSeconds(parameters.timeoutSeconds)
                    .watch(parameters.watch)
                    .buildCall(null),
            V1Pod.class,
            V1PodList.class);
    informers.startAllRegisteredInformers();
    apps.createNamespacedDeployment(NAMESPACE, Yaml.loadAs(DEPLOYMENT, V1Deployment.class))
        .execute();
    untilReady(3);
    long until = System.nanoTime() + Duration.ofSeconds(10).toNanos();
    while (pods.getIndexer().list().size() < 3 && System.nanoTime() < until) {
      Thread.sleep(20);
    }
    assertThat(pods.getIndexer().list()).hasSize(3);
    informers.stopAllRegisteredInformers();
  }

  @Test
  @Order(2)
  void itsPodsSpeakAnswerAndAreReached() throws Exception {
    Assumptions.assumeTrue(cluster.hasContainers(), "pods are simulated");
    V1Pod pod = pod();
    try (InputStream log = new PodLogs(client).streamNamespacedPodLog(pod)) {
      byte[] first = log.readNBytes("web 1 starts".length());
      assertThat(new String(first, StandardCharsets.UTF_8)).isEqualTo("web 1 starts");
    }
    Process id = new Exec(client).exec(pod, new String[] {"id"}, false, false);
    assertThat(new String(id.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
        .startsWith("uid=0(root) gid=0");
    assertThat(id.waitFor()).isZero();
    Process failing = new Exec(client).exec(pod, new String[] {"sh", "-c", "exit 7"}, false, false);
    assertThat(failing.waitFor()).isEqualTo(7);
    var forward = new io.kubernetes.client.PortForward(client).forward(pod, List.of(8080));
    try (OutputStream out = forward.getOutboundStream(8080)) {
      out.write("GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.UTF_8));
      out.flush();
      assertThat(untilEnd(forward.getInputStream(8080))).endsWith("web 1");
    }
  }

  private static String untilEnd(InputStream in) throws IOException {
    return new String(in.readAllBytes(), StandardCharsets.UTF_8);
  }

  @Test
  @Order(3)
  void everyPatchWorks() throws Exception {
    core.createNamespacedConfigMap(
            NAMESPACE,
            new V1ConfigMap().metadata(new V1ObjectMeta().name("settings")).data(Map.of("a", "1")))
        .execute();
    patch(V1Patch.PATCH_FORMAT_STRATEGIC_MERGE_PATCH, "{\"data\":{\"b\":\"2\"}}");
    patch("application/merge-patch+json", "{\"data\":{\"a\":null}}");
    patch(
        V1Patch.PATCH_FORMAT_JSON_PATCH, "[{\"op\":\"add\",\"path\":\"/data/c\",\"value\":\"3\"}]");
    V1ConfigMap now =
        patch(
            V1Patch.PATCH_FORMAT_APPLY_YAML,
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, data: {d: '4'}}");
    assertThat(now.getData()).containsOnlyKeys("b", "c", "d");
  }

  private static V1ConfigMap patch(String format, String body) throws ApiException {
    boolean apply = format.equals(V1Patch.PATCH_FORMAT_APPLY_YAML);
    return PatchUtils.patch(
        V1ConfigMap.class,
        () -> {
          var request =
              core.patchNamespacedConfigMap("settings", NAMESPACE, new V1Patch(body))
                  .fieldManager("walk");
          return (apply ? request.force(true) : request).buildCall(null);
        },
        format,
        client);
  }

  @Test
  @Order(4)
  void itScalesChangesItsImageAndGoesBack() throws Exception {
    patchDeployment("{\"spec\":{\"replicas\":5}}");
    untilReady(5);
    patchDeployment(
        "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"web\",\"image\":\"example/web:2\"}]}}}}");
    untilReady(5);
    assertThat(pod().getSpec().getContainers().getFirst().getImage()).isEqualTo("example/web:2");
    undo();
    untilReady(5);
    assertThat(pod().getSpec().getContainers().getFirst().getImage()).isEqualTo("example/web:1");
  }

  /// As `kubectl rollout undo` does it: a patch puts the template of the ReplicaSet before in place
  /// of that of the Deployment, without the label by which the controller tells them apart. A patch
  /// states no version, so the controller may write the Deployment's status meanwhile.
  private static void undo() throws ApiException {
    V1ReplicaSet before =
        apps.listNamespacedReplicaSet(NAMESPACE).execute().getItems().stream()
            .filter(
                set ->
                    "1"
                        .equals(
                            set.getMetadata()
                                .getAnnotations()
                                .get("deployment.kubernetes.io/revision")))
            .findFirst()
            .orElseThrow();
    V1PodTemplateSpec template = before.getSpec().getTemplate();
    template.getMetadata().getLabels().remove("pod-template-hash");
    patchDeployment(
        "[{\"op\":\"replace\",\"path\":\"/spec/template\",\"value\":%s}]"
            .formatted(JSON.serialize(template)),
        V1Patch.PATCH_FORMAT_JSON_PATCH);
  }

  private static void patchDeployment(String body) throws ApiException {
    patchDeployment(body, V1Patch.PATCH_FORMAT_STRATEGIC_MERGE_PATCH);
  }

  private static void patchDeployment(String body, String format) throws ApiException {
    PatchUtils.patch(
        V1Deployment.class,
        () -> apps.patchNamespacedDeployment("web", NAMESPACE, new V1Patch(body)).buildCall(null),
        format,
        client);
  }
}
