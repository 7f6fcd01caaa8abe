// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The built-in admission plugins. The texts were compared with those of a kube-apiserver 1.36.3.
final class AdmissionTest {
  private static final String SHOP = "/api/v1/namespaces/default";
  private static final String STORAGE = "/apis/storage.k8s.io/v1/storageclasses";

  private final TestApi api = new TestApi();

  @BeforeEach
  void anAccount() {
    api.create(SHOP + "/serviceaccounts", "{metadata: {name: default}}");
  }

  /// @param spec fields besides the container `c`, in YAML, each with its comma
  /// @param container fields besides name and image
  private TestApi.Answer pod(String name, String spec, String container) {
    return api.create(
        SHOP + "/pods",
        "{metadata: {name: %s}, spec: {%s containers: [{name: c, image: i, %s}]}}"
            .formatted(name, spec, container));
  }

  private TestApi.Answer claim(String name, String size, String spec) {
    return api.create(
        SHOP + "/persistentvolumeclaims",
        "{metadata: {name: %s}, spec: {accessModes: [ReadWriteOnce], %s resources: {requests: {storage: %s}}}}"
            .formatted(name, spec, size));
  }

  private TestApi.Answer merge(String path, String patch) {
    return api.patch("merge-patch+json", SHOP + path, patch);
  }

  private TestApi.Answer resize(String requests) {
    return api.patch(
        "strategic-merge-patch+json",
        SHOP + "/pods/web/resize",
        "{\"spec\":{\"containers\":[{\"name\":\"c\",\"resources\":{\"requests\":"
            + requests
            + "}}]}}");
  }

  private void quota(String hard, String used) {
    api.delete(SHOP + "/resourcequotas/q");
    api.create(SHOP + "/resourcequotas", "{metadata: {name: q}, spec: {hard: {" + hard + "}}}");
    api.ask("PUT", SHOP + "/resourcequotas/q/status")
        .header("content-type", "application/yaml")
        .body("{metadata: {name: q}, status: {hard: {%s}, used: {%s}}}".formatted(hard, used))
        .send();
  }

  private String used(String resource) {
    return api.get(SHOP + "/resourcequotas/q").json().at("/status/used").path(resource).asText();
  }

  @Test
  void aNewPodIsToldWhatALimitRangeGaveIt() {
    api.create(
        SHOP + "/limitranges",
        "{metadata: {name: l}, spec: {limits: [{type: Container, default: {cpu: 500m, memory: 64Mi}, defaultRequest: {cpu: 100m}}]}}");
    var made = pod("web", "", "").json();
    assertThat(made.at("/spec/containers/0/resources"))
        .hasToString(
            "{\"requests\":{\"cpu\":\"100m\",\"memory\":\"64Mi\"},\"limits\":{\"cpu\":\"500m\",\"memory\":\"64Mi\"}}");
    assertThat(made.at("/metadata/annotations/kubernetes.io~1limit-ranger").asText())
        .isEqualTo(
            "LimitRanger plugin set: cpu, memory request for container c; cpu, memory limit for container c");
  }

  @Test
  void claimsAreHeldToTheirLimitRange() {
    api.create(
        SHOP + "/limitranges",
        "{metadata: {name: l}, spec: {limits: [{type: PersistentVolumeClaim, min: {storage: 1Gi}, max: {storage: 2Gi}}]}}");
    assertThat(claim("small", "1Mi", "").message())
        .isEqualTo(
            "persistentvolumeclaims \"small\" is forbidden: minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 1Mi");
    assertThat(claim("large", "3Gi", "").message())
        .isEqualTo(
            "persistentvolumeclaims \"large\" is forbidden: maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi");
    assertThat(claim("right", "1Gi", "").status()).isEqualTo(201);
  }

  @Test
  void sidecarsCountForThePodAsAWhole() {
    api.create(
        SHOP + "/limitranges",
        "{metadata: {name: l}, spec: {limits: [{type: Pod, max: {cpu: 1500m}}]}}");
    String one = "resources: {limits: {cpu: \"1\"}}";
    String start = "initContainers: [{name: s, image: i, %s}],";
    assertThat(pod("beside", start.formatted("restartPolicy: Always, " + one), one).message())
        .isEqualTo(
            "pods \"beside\" is forbidden: maximum cpu usage per Pod is 1500m, but limit is 2");
    assertThat(pod("before", start.formatted(one), one).status()).isEqualTo(201);
  }

  @Test
  void theNewestDefaultClassIsChosenUnlessOneIsNamed() {
    String mark = "annotations: {storageclass.kubernetes.io/is-default-class: \"true\"}";
    api.create(STORAGE, "{metadata: {name: old, %s}, provisioner: p}".formatted(mark));
    api.time.advance(Duration.ofSeconds(2));
    api.create(STORAGE, "{metadata: {name: new, %s}, provisioner: p}".formatted(mark));
    assertThat(claim("a", "1Gi", "").json().at("/spec/storageClassName").asText()).isEqualTo("new");
    assertThat(
            claim("b", "1Gi", "storageClassName: \"\",")
                .json()
                .at("/spec/storageClassName")
                .asText("none"))
        .isEmpty();
    api.create(
        "/apis/networking.k8s.io/v1/ingressclasses",
        "{metadata: {name: edge, annotations: {ingressclass.kubernetes.io/is-default-class: \"true\"}}, spec: {controller: a/b}}");
    var ingress =
        api.create(
            "/apis/networking.k8s.io/v1/namespaces/default/ingresses",
            "{metadata: {name: i}, spec: {defaultBackend: {service: {name: s, port: {number: 80}}}}}");
    assertThat(ingress.json().at("/spec/ingressClassName").asText()).isEqualTo("edge");
  }

  @Test
  void aClaimGrowsOnlyWhereItsClassLetsIt() {
    api.create(STORAGE, "{metadata: {name: grows}, provisioner: p, allowVolumeExpansion: true}");
    api.create(STORAGE, "{metadata: {name: stays}, provisioner: p}");
    String larger = "{\"spec\":{\"resources\":{\"requests\":{\"storage\":\"2Gi\"}}}}";
    for (String each : new String[] {"grows", "stays"}) {
      claim(each, "1Gi", "storageClassName: " + each + ",");
      merge("/persistentvolumeclaims/" + each + "/status", "{\"status\":{\"phase\":\"Bound\"}}");
    }
    assertThat(merge("/persistentvolumeclaims/grows", larger).status()).isEqualTo(200);
    assertThat(merge("/persistentvolumeclaims/stays", larger).message())
        .isEqualTo(
            "persistentvolumeclaims \"stays\" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize");
  }

  @Test
  void anAccountThatSaysSoBoundsTheSecretsOfItsPods() {
    api.create(
        SHOP + "/serviceaccounts",
        """
        {metadata: {name: narrow, annotations: {kubernetes.io/enforce-mountable-secrets: "true"}},
         secrets: [{name: own}], imagePullSecrets: [{name: pull}]}
        """);
    String as = "serviceAccountName: narrow, schedulingGates: [{name: a/b}],";
    assertThat(pod("a", as + "volumes: [{name: v, secret: {secretName: other}}],", "").message())
        .isEqualTo(
            "pods \"a\" is forbidden: volume with secret.secretName=\"other\" is not allowed because service account narrow does not reference that secret");
    assertThat(pod("b", as, "envFrom: [{secretRef: {name: other}}]").message())
        .isEqualTo(
            "pods \"b\" is forbidden: container c with envFrom referencing secret.secretName=\"other\" is not allowed because service account narrow does not reference that secret");
    assertThat(pod("c", as + "imagePullSecrets: [{name: p2}],", "").message())
        .isEqualTo(
            "pods \"c\" is forbidden: imagePullSecrets[0].name=\"p2\" is not allowed because service account narrow does not reference that imagePullSecret");
    assertThat(pod("d", as + "volumes: [{name: v, secret: {secretName: own}}],", "").status())
        .isEqualTo(201);
  }

  @Test
  void aMirrorPodHasNoAccountAndNoSecrets() {
    String mirror =
        "{metadata: {name: m, annotations: {kubernetes.io/config.mirror: x}}, spec: {nodeName: 'n', %s containers: [{name: c, image: i}]}}";
    assertThat(
            api.create(SHOP + "/pods", mirror.formatted("serviceAccountName: default,")).message())
        .isEqualTo("pods \"m\" is forbidden: a mirror pod may not reference service accounts");
    assertThat(
            api.create(
                    SHOP + "/pods",
                    mirror.formatted("volumes: [{name: v, secret: {secretName: s}}],"))
                .message())
        .isEqualTo("pods \"m\" is forbidden: a mirror pod may not reference secrets");
  }

  @Test
  void aServiceThatChangesItsTypeIsCharged() {
    api.create(
        SHOP + "/services",
        "{metadata: {name: s}, spec: {ports: [{name: a, port: 80}, {name: b, port: 81}]}}");
    quota("services.nodeports: \"1\"", "services.nodeports: \"0\"");
    assertThat(merge("/services/s", "{\"spec\":{\"type\":\"NodePort\"}}").message())
        .isEqualTo(
            "services \"s\" is forbidden: exceeded quota: q, requested: services.nodeports=2, used: services.nodeports=0, limited: services.nodeports=1");
    assertThat(merge("/services/s", "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}").status())
        .isEqualTo(200);
    quota("services.nodeports: \"3\"", "services.nodeports: \"0\"");
    assertThat(merge("/services/s", "{\"spec\":{\"type\":\"NodePort\"}}").status()).isEqualTo(200);
    assertThat(used("services.nodeports")).isEqualTo("2");
  }

  @Test
  void aClaimThatGrowsIsChargedForTheDifference() {
    api.create(STORAGE, "{metadata: {name: grows}, provisioner: p, allowVolumeExpansion: true}");
    claim("data", "1Gi", "storageClassName: grows,");
    merge("/persistentvolumeclaims/data/status", "{\"status\":{\"phase\":\"Bound\"}}");
    quota("requests.storage: 3Gi", "requests.storage: 1Gi");
    String grow = "{\"spec\":{\"resources\":{\"requests\":{\"storage\":\"%s\"}}}}";
    assertThat(merge("/persistentvolumeclaims/data", grow.formatted("4Gi")).message())
        .isEqualTo(
            "persistentvolumeclaims \"data\" is forbidden: exceeded quota: q, requested: requests.storage=3Gi, used: requests.storage=1Gi, limited: requests.storage=3Gi");
    assertThat(merge("/persistentvolumeclaims/data", grow.formatted("2Gi")).status())
        .isEqualTo(200);
    assertThat(used("requests.storage")).isEqualTo("2Gi");
  }

  @Test
  void aResizeIsHeldToQuotaLimitRangeAndNode() {
    api.create(
        "/api/v1/nodes", "{metadata: {name: 'n', labels: {topology.kubernetes.io/zone: z}}}");
    api.patch(
        "merge-patch+json",
        "/api/v1/nodes/n/status",
        "{\"status\":{\"allocatable\":{\"cpu\":\"2\",\"memory\":\"1Gi\"}}}");
    pod("web", "", "resources: {requests: {cpu: \"1\"}}");
    api.create(
        SHOP + "/pods/web/binding", "{metadata: {name: web}, target: {kind: Node, name: 'n'}}");
    assertThat(
            api.get(SHOP + "/pods/web")
                .json()
                .at("/metadata/labels/topology.kubernetes.io~1zone")
                .asText())
        .isEqualTo("z");
    TestApi.Answer large = resize("{\"cpu\":\"3\"}");
    assertThat(large.message())
        .isEqualTo(
            "pods \"web\" is forbidden: node didn't have enough allocatable resources: cpu, requested: 3000, allocatable: 2000");
    assertThat(large.json().at("/details/causes/0/reason").asText()).isEqualTo("NodeCapacity");
    quota("requests.cpu: 1500m", "requests.cpu: \"1\"");
    assertThat(resize("{\"cpu\":\"1700m\"}").message())
        .isEqualTo(
            "pods \"web\" is forbidden: exceeded quota: q, requested: requests.cpu=700m, used: requests.cpu=1, limited: requests.cpu=1500m");
    assertThat(resize("{\"cpu\":\"1200m\"}").status()).isEqualTo(200);
    assertThat(used("requests.cpu")).isEqualTo("1200m");
  }

  private String resize(String field, String resources) {
    return api.patch(
            "strategic-merge-patch+json",
            SHOP + "/pods/web/resize",
            "{\"spec\":{\"initContainers\":[{\"name\":\"i\",\"resources\":%s}]%s}}"
                .formatted(resources, field))
        .message();
  }

  @Test
  void aPodThatHasANodeIsResizedOnlyAsItsNodeDeclares() {
    api.create("/api/v1/nodes", "{metadata: {name: 'n'}}");
    String status = "{\"status\":{\"allocatable\":{\"cpu\":\"9\"},\"declaredFeatures\":[%s]}}";
    api.patch("merge-patch+json", "/api/v1/nodes/n/status", status.formatted("\"Other\""));
    pod(
        "web",
        "resources: {requests: {cpu: \"1\"}}, initContainers: [{name: i, image: i, resources: {requests: {cpu: 100m}}}],",
        "");
    api.create(
        SHOP + "/pods/web/binding", "{metadata: {name: web}, target: {kind: Node, name: 'n'}}");
    assertThat(resize("{\"cpu\":\"50m\"}").status()).isEqualTo(200);
    String refused =
        "pods \"web\" is forbidden: pod update requires features %s which are not available on node \"n\"";
    String larger = "{\"requests\":{\"cpu\":\"200m\"}}";
    String whole = ",\"resources\":{\"requests\":{\"cpu\":\"2\"}}";
    assertThat(resize("", larger))
        .isEqualTo(refused.formatted("InPlacePodVerticalScalingInitContainers"));
    assertThat(resize(whole, larger))
        .isEqualTo(
            refused.formatted(
                "InPlacePodLevelResourcesVerticalScaling, InPlacePodVerticalScalingInitContainers"));
    api.patch(
        "merge-patch+json",
        "/api/v1/nodes/n/status",
        status.formatted("\"InPlacePodVerticalScalingInitContainers\""));
    assertThat(resize("", larger)).isEmpty();
    assertThat(resize(whole, larger))
        .isEqualTo(refused.formatted("InPlacePodLevelResourcesVerticalScaling"));
    api.patch(
        "merge-patch+json",
        "/api/v1/nodes/n/status",
        status.formatted("\"InPlacePodLevelResourcesVerticalScaling\""));
    assertThat(resize(whole, larger)).isEmpty();
    assertThat(api.get(SHOP + "/pods/web").json().at("/spec/resources/requests/cpu").asText())
        .isEqualTo("2");
  }

  @Test
  void aQuotaThatNobodyHasCountedYetNamesAllThatItWaitsFor() {
    quota("pods: \"1\", limits.cpu: \"1\"", "pods: \"0\"");
    assertThat(pod("a", "", "resources: {limits: {cpu: \"1\"}}").message())
        .isEqualTo(
            "pods \"a\" is forbidden: status unknown for quota: q, resources: limits.cpu,pods");
  }

  @Test
  void aRefusalBeforeTheNameIsMadeNamesThePrefix() {
    TestApi.Answer refused =
        api.create(
            SHOP + "/pods",
            "{metadata: {generateName: web-}, spec: {serviceAccountName: nobody, containers: [{name: c, image: i}]}}");
    assertThat(refused.message())
        .isEqualTo(
            "pods \"web-\" is forbidden: error looking up service account default/nobody: serviceaccount \"nobody\" not found");
  }

  @Test
  void whoApprovesOrSignsNeedsTheRightForTheSigner() {
    String requests = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
    api.create(
        requests,
        "{metadata: {name: c}, spec: {request: %s, signerName: kubernetes.io/kube-apiserver-client, usages: [client auth]}}"
            .formatted(CertificateRequests.request("CN=jane,O=dev")));
    api.create(
        "/apis/rbac.authorization.k8s.io/v1/clusterroles",
        "{metadata: {name: r}, rules: [{apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests/approval, certificatesigningrequests/status], verbs: ['*']}]}");
    api.create(
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        "{metadata: {name: r}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: r}, subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: bob}]}");
    assertThat(conditions(requests + "/c/approval", "Approved").message())
        .isEqualTo(
            "certificatesigningrequests.certificates.k8s.io \"c\" is forbidden: user not permitted to approve requests with signerName \"kubernetes.io/kube-apiserver-client\"");
    assertThat(conditions(requests + "/c/status", "Failed").message())
        .isEqualTo(
            "certificatesigningrequests.certificates.k8s.io \"c\" is forbidden: user not permitted to sign requests with signerName \"kubernetes.io/kube-apiserver-client\"");
  }

  private TestApi.Answer conditions(String path, String type) {
    return api.ask("PATCH", path)
        .asUser("bob")
        .header("content-type", "application/merge-patch+json")
        .body(
            "{\"status\":{\"conditions\":[{\"type\":\"%s\",\"status\":\"True\",\"reason\":\"r\"}]}}"
                .formatted(type))
        .send();
  }

  @Test
  void nobodyBecomesAMasterByACertificate() {
    TestApi.Answer refused =
        api.create(
            "/apis/certificates.k8s.io/v1/certificatesigningrequests",
            "{metadata: {name: c}, spec: {request: %s, signerName: kubernetes.io/kube-apiserver-client, usages: [client auth]}}"
                .formatted(CertificateRequests.request("CN=jane,O=system:masters")));
    assertThat(refused.message())
        .isEqualTo(
            "certificatesigningrequests.certificates.k8s.io \"c\" is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed");
  }
}
