// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.apiserver.NodeAccess;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Every part of the process works with the rights that Kubernetes gives it, and with no more.
class RightsTest {
  private final List<String> refused = new ArrayList<>();
  private final Handler listener =
      new Handler() {
        @Override
        public void publish(LogRecord record) {
          String message = String.valueOf(record.getMessage());
          if (message.contains("refused to a part of this process")) {
            refused.add(message);
          }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };
  private final Logger logger = Logger.getLogger("dev.havn.apiserver.ApiServer");
  private EmbeddedCluster cluster;
  private KubernetesClient client;

  @BeforeEach
  void start() {
    logger.addHandler(listener);
    cluster = EmbeddedCluster.start(2);
    client = cluster.client();
  }

  @AfterEach
  void close() {
    cluster.close();
    logger.removeHandler(listener);
  }

  @Test
  void nothingOfTheProcessIsRefusedWhileItWorks() {
    client
        .namespaces()
        .resource(new NamespaceBuilder().withNewMetadata().withName("shop").endMetadata().build())
        .create();
    cluster.settle();
    Deployment deployment = deployment();
    createShop(deployment);
    cluster.settle();
    assertThat(client.resource(deployment).get().getStatus().getAvailableReplicas()).isEqualTo(3);
    updateShop();
    cluster.advance(Duration.ofMinutes(5));
    assertThat(
            client
                .endpoints()
                .inNamespace("shop")
                .withName("web")
                .get()
                .getSubsets()
                .getFirst()
                .getAddresses())
        .hasSize(3);
    client.namespaces().withName("shop").delete();
    cluster.advance(Duration.ofMinutes(2));
    assertThat(client.namespaces().withName("shop").get()).isNull();
    assertThat(refused).isEmpty();
  }

  private void createShop(Deployment deployment) {
    client
        .configMaps()
        .resource(
            new ConfigMapBuilder()
                .withNewMetadata()
                .withNamespace("shop")
                .withName("settings")
                .endMetadata()
                .addToData("key", "value")
                .build())
        .create();
    client.resource(deployment).create();
    client
        .services()
        .resource(
            new ServiceBuilder()
                .withNewMetadata()
                .withNamespace("shop")
                .withName("web")
                .endMetadata()
                .withNewSpec()
                .addToSelector("app", "web")
                .addNewPort()
                .withPort(80)
                .endPort()
                .endSpec()
                .build())
        .create();
  }

  private void updateShop() {
    client
        .apps()
        .deployments()
        .inNamespace("shop")
        .withName("web")
        .edit(
            each ->
                new DeploymentBuilder(each)
                    .editSpec()
                    .editTemplate()
                    .editSpec()
                    .editFirstContainer()
                    .withImage("example/web:2")
                    .endContainer()
                    .endSpec()
                    .endTemplate()
                    .endSpec()
                    .build());
  }

  private static Deployment deployment() {
    return new DeploymentBuilder()
        .withNewMetadata()
        .withNamespace("shop")
        .withName("web")
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
        .addNewEnvFrom()
        .withNewConfigMapRef("settings", false)
        .endEnvFrom()
        .endContainer()
        .endSpec()
        .endTemplate()
        .endSpec()
        .build();
  }

  @Test
  void aNodeReadsOnlyWhatItsPodsReferTo() {
    for (String name : List.of("used", "unused")) {
      client
          .configMaps()
          .resource(
              new ConfigMapBuilder()
                  .withNewMetadata()
                  .withNamespace("default")
                  .withName(name)
                  .endMetadata()
                  .build())
          .create();
    }
    Pod pod =
        new PodBuilder()
            .withNewMetadata()
            .withNamespace("default")
            .withName("reader")
            .endMetadata()
            .withNewSpec()
            .withNodeName("havn-0")
            .addNewContainer()
            .withName("c")
            .withImage("example/c:1")
            .addNewEnvFrom()
            .withNewConfigMapRef("used", false)
            .endEnvFrom()
            .endContainer()
            .endSpec()
            .build();
    client.resource(pod).create();
    cluster.settle();
    Api node = new Api(cluster.clientOf("system:node:havn-0", List.of("system:nodes")));
    assertThat(node.find("/api/v1/namespaces/default/configmaps/used")).isPresent();
    assertThatThrownBy(() -> node.get("/api/v1/namespaces/default/configmaps/unused"))
        .hasMessage(
            "configmaps \"unused\" is forbidden: User \"system:node:havn-0\" cannot get resource \"configmaps\" in API group \"\" in the namespace \"default\": no relationship found between node 'havn-0' and this object");
    Api other = new Api(cluster.clientOf("system:node:havn-1", List.of("system:nodes")));
    assertThatThrownBy(() -> other.get("/api/v1/namespaces/default/configmaps/used"))
        .hasMessageContaining("no relationship found between node 'havn-1' and this object");
    client.resource(pod).withGracePeriod(0).delete();
    cluster.settle();
    assertThatThrownBy(() -> node.get("/api/v1/namespaces/default/configmaps/used"))
        .hasMessageContaining("no relationship found");
  }

  @Test
  void aNodeReadsTheSecretsThatDriversNeedThereForItsPods() {
    Api admin = new Api(client);
    for (String name : List.of("stage", "attach")) {
      make(admin, "/api/v1/namespaces/default/secrets", "metadata: {name: %s}".formatted(name));
    }
    make(
        admin,
        "/api/v1/persistentvolumes",
        """
        metadata: {name: disk}
        spec:
          capacity: {storage: 1Gi}
          accessModes: [ReadWriteOnce]
          claimRef: {namespace: default, name: data}
          csi:
            driver: disks.example
            volumeHandle: h
            nodeStageSecretRef: {namespace: default, name: stage}
            controllerPublishSecretRef: {namespace: default, name: attach}
        """);
    makeReader(admin);
    cluster.settle();
    Api node = new Api(cluster.clientOf("system:node:havn-0", List.of("system:nodes")));
    assertThat(node.find("/api/v1/namespaces/default/secrets/stage")).isPresent();
    assertThatThrownBy(() -> node.get("/api/v1/namespaces/default/secrets/attach"))
        .hasMessageContaining("no relationship found between node 'havn-0' and this object");
    Api other = new Api(cluster.clientOf("system:node:havn-1", List.of("system:nodes")));
    assertThatThrownBy(() -> other.get("/api/v1/namespaces/default/secrets/stage"))
        .hasMessageContaining("no relationship found between node 'havn-1' and this object");
  }

  private static void makeReader(Api admin) {
    make(
        admin,
        "/api/v1/namespaces/default/persistentvolumeclaims",
        """
        metadata: {name: data}
        spec:
          storageClassName: ''
          volumeName: disk
          accessModes: [ReadWriteOnce]
          resources: {requests: {storage: 1Gi}}
        """);
    make(
        admin,
        "/api/v1/namespaces/default/pods",
        """
        metadata: {name: reader}
        spec:
          nodeName: havn-0
          containers: [{name: c, image: 'example/c:1'}]
          volumes: [{name: v, persistentVolumeClaim: {claimName: data}}]
        """);
  }

  private static void make(Api admin, String path, String yaml) {
    KubernetesSerialization serialization = new KubernetesSerialization();
    admin.create(path, serialization.asJson(serialization.unmarshal(yaml, Object.class)));
  }

  /// A node says itself where it is: what it is shown must be of no use anywhere else.
  @Test
  void theApiServersCertificateForNodesIsForNodesOnly() {
    Api admin = new Api(cluster.clientOf("kubernetes-admin", List.of("system:masters")));
    RemoteNodes.permit(admin);
    RemoteNodes.permit(admin);
    assertThat(may(admin, "nodes", "proxy")).isTrue();
    assertThat(may(admin, "secrets", "")).isFalse();
    Api there =
        new Api(cluster.clientOf("kube-apiserver-kubelet-client", List.of(NodeAccess.CLIENTS)));
    assertThatThrownBy(() -> there.get("/api/v1/nodes")).hasMessageContaining("Unauthorized");
  }

  private static boolean may(Api admin, String resource, String subresource) {
    var review = Api.object().put("kind", "SubjectAccessReview");
    review.put("apiVersion", "authorization.k8s.io/v1");
    var spec = review.putObject("spec").put("user", "kube-apiserver-kubelet-client");
    spec.putArray("groups").add(NodeAccess.CLIENTS);
    spec.putObject("resourceAttributes")
        .put("verb", "get")
        .put("version", "v1")
        .put("resource", resource)
        .put("subresource", subresource);
    return admin
        .create("/apis/authorization.k8s.io/v1/subjectaccessreviews", review.toString())
        .path("status")
        .path("allowed")
        .asBoolean();
  }

  @Test
  void aNodeWritesOnlyAboutItself() {
    Api node = new Api(cluster.clientOf("system:node:havn-0", List.of("system:nodes")));
    var labels = Api.object();
    labels.putObject("metadata").putObject("labels").put("node-restriction.kubernetes.io/a", "b");
    assertThatThrownBy(() -> node.merge("/api/v1/nodes/havn-0", labels))
        .hasMessage(
            "nodes \"havn-0\" is forbidden: is not allowed to modify labels: node-restriction.kubernetes.io/a");
    assertThatThrownBy(() -> node.merge("/api/v1/nodes/havn-1", Api.object()))
        .hasMessage(
            "nodes \"havn-1\" is forbidden: node \"havn-0\" is not allowed to modify node \"havn-1\"");
    assertThatThrownBy(
            () -> node.get("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/havn-1"))
        .hasMessageContaining(
            "can only access node lease with the same name as the requesting node");
  }

  @Test
  void aNodeEvictsNoPodOfAnotherAndItsBudgetCountsNothing() {
    client
        .load(
            new ByteArrayInputStream(
                """
                apiVersion: v1
                kind: Pod
                metadata: {name: guarded, namespace: default, labels: {app: guarded}}
                spec: {nodeName: havn-1, containers: [{name: c, image: 'example/c:1'}]}
                ---
                apiVersion: policy/v1
                kind: PodDisruptionBudget
                metadata: {name: guard, namespace: default}
                spec: {minAvailable: 0, selector: {matchLabels: {app: guarded}}}
                """
                    .getBytes(StandardCharsets.UTF_8)))
        .create();
    cluster.settle();
    Api admin = new Api(client);
    String budget = "/apis/policy/v1/namespaces/default/poddisruptionbudgets/guard";
    String eviction =
        "{\"apiVersion\":\"policy/v1\",\"kind\":\"Eviction\",\"metadata\":{\"name\":\"guarded\"}}";
    String path = "/api/v1/namespaces/default/pods/guarded";
    assertThat(admin.get(budget).at("/status/disruptionsAllowed").asInt()).isEqualTo(1);
    Api stranger = new Api(cluster.clientOf("system:node:havn-0", List.of("system:nodes")));
    assertThatThrownBy(() -> stranger.create(path + "/eviction", eviction))
        .hasMessage(
            "pods \"guarded\" is forbidden: node havn-0 can only evict pods with spec.nodeName set to itself");
    assertThat(admin.get(budget).at("/status/disruptionsAllowed").asInt()).isEqualTo(1);
    assertThat(admin.get(path).at("/status/conditions").toString())
        .doesNotContain("DisruptionTarget");
    Api own = new Api(cluster.clientOf("system:node:havn-1", List.of("system:nodes")));
    own.create(path + "/eviction", eviction);
    assertThat(admin.get(path).at("/metadata").has("deletionTimestamp")).isTrue();
  }

  @Test
  void aggregatedRolesHaveTheRulesOfWhatTheySelect() {
    ClusterRole view = client.rbac().clusterRoles().withName("view").get();
    ClusterRole edit = client.rbac().clusterRoles().withName("edit").get();
    assertThat(view.getRules()).isNotEmpty();
    assertThat(edit.getRules()).containsAll(view.getRules());
  }

  @Test
  void nobodyGrantsMoreThanTheyHold() {
    var binding = Api.object().put("apiVersion", "rbac.authorization.k8s.io/v1");
    binding.put("kind", "ClusterRoleBinding").putObject("metadata").put("name", "jane");
    binding
        .putObject("roleRef")
        .put("apiGroup", "rbac.authorization.k8s.io")
        .put("kind", "ClusterRole")
        .put("name", "limited");
    binding
        .putArray("subjects")
        .addObject()
        .put("apiGroup", "rbac.authorization.k8s.io")
        .put("kind", "User")
        .put("name", "jane");
    var role = Api.object().put("apiVersion", "rbac.authorization.k8s.io/v1");
    role.put("kind", "ClusterRole").putObject("metadata").put("name", "limited");
    var rule = role.putArray("rules").addObject();
    rule.putArray("apiGroups").add("rbac.authorization.k8s.io");
    rule.putArray("resources").add("clusterroles").add("clusterrolebindings");
    rule.putArray("verbs").add("create");
    Api admin = new Api(client);
    String roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
    admin.create(roles, role.toString());
    admin.create(roles.replace("roles", "rolebindings"), binding.toString());
    Api jane = new Api(cluster.clientOf("jane", List.of()));
    var wanted = role.deepCopy();
    wanted.withObjectProperty("metadata").put("name", "more");
    jane.create(roles, wanted.toString());
    wanted.withObjectProperty("metadata").put("name", "most");
    ((com.fasterxml.jackson.databind.node.ArrayNode) wanted.path("rules").path(0).path("verbs"))
        .add("get");
    assertThatThrownBy(() -> jane.create(roles, wanted.toString()))
        .hasMessage(
            """
            clusterroles.rbac.authorization.k8s.io "most" is forbidden: user "jane" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:
            {APIGroups:["rbac.authorization.k8s.io"], Resources:["clusterrolebindings"], Verbs:["get"]}
            {APIGroups:["rbac.authorization.k8s.io"], Resources:["clusterroles"], Verbs:["get"]}""");
    binding.withObjectProperty("metadata").put("name", "admin-jane");
    binding.withObjectProperty("roleRef").put("name", "cluster-admin");
    assertThatThrownBy(
            () -> jane.create(roles.replace("roles", "rolebindings"), binding.toString()))
        .hasMessageContaining("attempting to grant RBAC permissions not currently held");
  }
}
