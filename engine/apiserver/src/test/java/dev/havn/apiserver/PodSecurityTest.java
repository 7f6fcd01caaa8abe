// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Pod security at admission. The texts were compared with those of a kube-apiserver 1.36.3.
final class PodSecurityTest {
  private static final String PODS = "/api/v1/namespaces/shop/pods";
  private static final String PRIVILEGED =
      "privileged (container \"c\" must not set securityContext.privileged=true)";
  private static final String RESTRICTED_LACKS =
      "allowPrivilegeEscalation != false (container \"c\" must set"
          + " securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container"
          + " \"c\" must set securityContext.capabilities.drop=[\"ALL\"]), runAsNonRoot != true (pod"
          + " or container \"c\" must set securityContext.runAsNonRoot=true), seccompProfile (pod or"
          + " container \"c\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or"
          + " \"Localhost\")";

  private final TestApi api = new TestApi();

  @BeforeEach
  void namespace() {
    api.create("/api/v1/namespaces", "{metadata: {name: shop}}");
    api.create("/api/v1/namespaces/shop/serviceaccounts", "{metadata: {name: default}}");
  }

  private TestApi.Answer label(String labels) {
    StringBuilder text = new StringBuilder();
    for (String each : labels.split(" ")) {
      String[] parts = each.split("=");
      text.append(text.isEmpty() ? "" : ", ")
          .append("\"pod-security.kubernetes.io/%s\": \"%s\"".formatted(parts[0], parts[1]));
    }
    return api.patch(
        "merge-patch+json",
        "/api/v1/namespaces/shop",
        "{\"metadata\": {\"labels\": {" + text + "}}}");
  }

  /// @param container fields of the container `c` besides its name and image, in YAML
  private TestApi.Answer pod(String name, String spec, String container) {
    return api.create(
        PODS,
        "{metadata: {name: %s}, spec: {%s containers: [{name: c, image: i, %s}]}}"
            .formatted(name, spec, container));
  }

  @Test
  void aPodBelowTheStandardIsRefusedWithAllThatIsWrong() {
    label("enforce=baseline");
    TestApi.Answer refused =
        pod(
            "bad",
            "hostNetwork: true, volumes: [{name: v, hostPath: {path: /}}],",
            "securityContext: {privileged: true}");
    assertThat(refused.status()).isEqualTo(403);
    assertThat(refused.message())
        .isEqualTo(
            "pods \"bad\" is forbidden: violates PodSecurity \"baseline:latest\": host namespaces"
                + " (hostNetwork=true), hostPath volumes (volume \"v\"), "
                + PRIVILEGED);
    assertThat(pod("good", "", "").status()).isEqualTo(201);
  }

  @Test
  void aStandardMeansWhatItMeantInItsVersion() {
    label("enforce=restricted");
    assertThat(pod("now", "", "").message())
        .isEqualTo(
            "pods \"now\" is forbidden: violates PodSecurity \"restricted:latest\": "
                + RESTRICTED_LACKS);
    label("enforce-version=v1.7");
    assertThat(pod("then", "", "").message())
        .isEqualTo(
            "pods \"then\" is forbidden: violates PodSecurity \"restricted:v1.7\": runAsNonRoot !="
                + " true (pod or container \"c\" must set securityContext.runAsNonRoot=true)");
  }

  @Test
  void whatMeetsTheStrictestStandardComesIn() {
    label("enforce=restricted");
    TestApi.Answer made =
        pod(
            "good",
            "securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}},",
            "securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}");
    assertThat(made.status()).isEqualTo(201);
    assertThat(made.warnings()).isEmpty();
  }

  @Test
  void anInvalidPodIsToldSoBeforeItIsToldThatItIsForbidden() {
    label("enforce=baseline");
    TestApi.Answer invalid =
        pod("bad", "restartPolicy: Sometimes,", "securityContext: {privileged: true}");
    assertThat(invalid.status()).isEqualTo(422);
  }

  @Test
  void theCreatorIsWarnedOfWhatAnotherStandardForbids() {
    label("enforce=baseline warn=restricted");
    TestApi.Answer made = pod("web", "", "");
    assertThat(made.status()).isEqualTo(201);
    assertThat(made.warnings())
        .containsExactly(
            "299 - \"would violate PodSecurity \\\"restricted:latest\\\": "
                + RESTRICTED_LACKS.replace("\"", "\\\"")
                + "\"");
  }

  @Test
  void aTemplateIsNeverRefusedButItsOwnerIsWarned() {
    label("enforce=baseline");
    TestApi.Answer made =
        api.create(
            "/apis/apps/v1/namespaces/shop/deployments",
            """
            {metadata: {name: web}, spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}},
             spec: {containers: [{name: c, image: i, securityContext: {privileged: true}}]}}}}
            """);
    assertThat(made.status()).isEqualTo(201);
    assertThat(made.warnings())
        .containsExactly(
            "299 - \"would violate PodSecurity \\\"baseline:latest\\\": "
                + PRIVILEGED.replace("\"", "\\\"")
                + "\"");
  }

  @Test
  void aStricterLabelTellsWhichPodsWouldNotBeLetIn() {
    pod("p0", "", "securityContext: {privileged: true}");
    pod("p1", "", "securityContext: {privileged: true}");
    pod("p2", "hostPID: true,", "");
    pod("p3", "", "");
    assertThat(label("enforce=baseline").warnings())
        .containsExactly(
            "299 - \"existing pods in namespace \\\"shop\\\" violate the new PodSecurity enforce"
                + " level \\\"baseline:latest\\\"\"",
            "299 - \"p0 (and 1 other pod): privileged\"",
            "299 - \"p2: host namespaces\"");
    assertThat(label("enforce=privileged").warnings()).isEmpty();
  }

  @Test
  void labelsThatMeanNothingAreRefusedAndLeaveThePodsAlone() {
    TestApi.Answer refused = label("enforce=basline warn-version=1.3");
    assertThat(refused.status()).isEqualTo(422);
    assertThat(refused.message())
        .isEqualTo(
            "Namespace \"shop\" is invalid:"
                + " [metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value:"
                + " \"basline\": must be one of privileged, baseline, restricted,"
                + " metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value:"
                + " \"1.3\": must be \"latest\" or \"v1.x\"]");
    assertThat(pod("p", "", "securityContext: {privileged: true}").status()).isEqualTo(201);
  }

  @Test
  void aPodThatWasThereBeforeItsPolicyMayBeLabelledButGetsNoOtherImage() {
    pod("old", "", "securityContext: {privileged: true}");
    label("enforce=baseline");
    String path = PODS + "/old";
    assertThat(
            api.patch("merge-patch+json", path, "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}")
                .status())
        .isEqualTo(200);
    TestApi.Answer refused =
        api.patch(
            "strategic-merge-patch+json",
            path,
            "{\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"j\"}]}}");
    assertThat(refused.message())
        .isEqualTo(
            "pods \"old\" is forbidden: violates PodSecurity \"baseline:latest\": " + PRIVILEGED);
    TestApi.Answer ephemeral =
        api.patch(
            "strategic-merge-patch+json",
            path + "/ephemeralcontainers",
            "{\"spec\":{\"ephemeralContainers\":[{\"name\":\"e\",\"image\":\"j\"}]}}");
    assertThat(ephemeral.status()).isEqualTo(403);
  }
}
