// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.patch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.BuiltinTypes;
import dev.havn.schema.Schema;
import dev.havn.schema.codec.Yaml;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class StrategicMergePatchTest {
  private static final Schema.Struct DEPLOYMENT =
      BuiltinTypes.load().struct("io.k8s.api.apps.v1.Deployment");

  private static final String TARGET =
      """
      spec:
        template:
          spec:
            containers:
            - {name: a, image: "a:1", env: [{name: X, value: "1"}]}
            - {name: b, image: "b:1"}
            volumes: [{name: v, emptyDir: {}}]
      """;

  @Test
  void containersMergeByName() {
    assertThat(
            patched("spec: {template: {spec: {containers: [{name: b, image: 'b:2'}, {name: c}]}}}")
                .at("/spec/template/spec/containers"))
        .isEqualTo(
            yaml(
                """
                - {name: a, image: "a:1", env: [{name: X, value: "1"}]}
                - {name: b, image: "b:2"}
                - {name: c}
                """));
  }

  @Test
  void aDeleteDirectiveRemovesOneItem() {
    assertThat(
            patched("spec: {template: {spec: {containers: [{name: a, $patch: delete}]}}}")
                .at("/spec/template/spec/containers"))
        .isEqualTo(yaml("[{name: b, image: 'b:1'}]"));
  }

  @Test
  void aReplaceDirectiveReplacesTheList() {
    assertThat(
            patched("spec: {template: {spec: {containers: [{name: z}, {$patch: replace}]}}}")
                .at("/spec/template/spec/containers"))
        .isEqualTo(yaml("[{name: z}]"));
  }

  @Test
  void anElementOrderIsKept() {
    assertThat(
            patched(
                    "spec: {template: {spec: {$setElementOrder/containers: [{name: b}, {name: a}],"
                        + " containers: [{name: b, image: 'b:2'}]}}}")
                .at("/spec/template/spec/containers/0/name")
                .asText())
        .isEqualTo("b");
  }

  @Test
  void retainKeysDropsOtherVolumeSources() {
    assertThat(
            patched(
                    "spec: {template: {spec: {volumes: [{name: v, $retainKeys: [name, hostPath],"
                        + " hostPath: {path: /x}}]}}}")
                .at("/spec/template/spec/volumes/0"))
        .isEqualTo(yaml("{name: v, hostPath: {path: /x}}"));
  }

  @Test
  void anItemWithoutItsKeyIsRefused() {
    assertThatThrownBy(() -> patched("spec: {template: {spec: {containers: [{image: x}]}}}"))
        .isInstanceOf(PatchException.class)
        .hasMessageContaining("does not contain declared merge key: name");
  }

  private static ObjectNode patched(String patch) {
    return StrategicMergePatch.apply(
        (ObjectNode) yaml(TARGET), (ObjectNode) yaml(patch), DEPLOYMENT);
  }

  private static JsonNode yaml(String text) {
    return Yaml.read(text.getBytes(StandardCharsets.UTF_8));
  }
}
