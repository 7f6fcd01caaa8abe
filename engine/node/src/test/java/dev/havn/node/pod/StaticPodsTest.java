// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import org.junit.jupiter.api.Test;

class StaticPodsTest {
  private static final KubernetesSerialization YAML = new KubernetesSerialization();

  private static ObjectNode pod(String uid) {
    ObjectNode manifest = Api.object();
    ObjectNode metadata = manifest.putObject("metadata");
    metadata.put("name", "web").put("namespace", "kube-system");
    if (!uid.isEmpty()) {
      metadata.put("uid", uid);
    }
    manifest.putObject("spec").putArray("containers");
    return StaticPods.of(manifest, "/pods/web.yaml", "a", "now");
  }

  private static ObjectNode mirror(ObjectNode pod) {
    ObjectNode mirror = StaticPods.mirror(pod, Api.object());
    mirror.withObjectProperty("metadata").put("uid", "0b4a9d2e-7b3c-4f7e-9a57-6c1e0d0b0f11");
    return mirror;
  }

  private static String uid(ObjectNode pod) {
    return pod.path("metadata").path("uid").asText();
  }

  @Test
  void aMirrorLeadsToThePodOfTheFile() {
    ObjectNode pod = pod("");
    assertThat(uid(pod)).matches("[0-9a-f]{32}");
    assertThat(StaticPods.uid(mirror(pod))).isEqualTo(uid(pod));
    assertThat(StaticPods.isStatic(YAML.unmarshal(pod.toString(), Pod.class))).isTrue();
    assertThat(uid(pod("0b4a9d2e"))).as("of a file that is another").isNotEqualTo(uid(pod));
  }

  /// Annotations are whose pod it is to write.
  @Test
  void noAnnotationLeadsToThePodOfSomebodyElse() {
    ObjectNode forged = mirror(pod(""));
    forged.withObjectProperty("metadata").put("namespace", "mine");
    assertThat(StaticPods.uid(forged)).isEqualTo(uid(forged));
    String victim = "6d7e2f60-9f0b-4f3e-8a35-1c1b2f3a4d5e";
    forged
        .withObjectProperty("metadata")
        .withObjectProperty("annotations")
        .put(StaticPods.MIRROR, victim);
    assertThat(StaticPods.uid(forged)).isEqualTo(uid(forged));
  }

  @Test
  void noPodOfTheApiIsOfAFile() {
    assertThat(StaticPods.isStatic(YAML.unmarshal(mirror(pod("")).toString(), Pod.class)))
        .isFalse();
  }
}
