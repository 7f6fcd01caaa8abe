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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StrategicMergePatchTest {
  private static final Schema.Struct DEPLOYMENT =
      BuiltinTypes.load().struct("io.k8s.api.apps.v1.Deployment");

  private static final String TARGET =
      """
      metadata: {name: d, finalizers: [b/b]}
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
  void aListOfOtherThingsIsNotMerged() {
    assertThatThrownBy(() -> patched("spec: {template: {spec: {containers: [true]}}}"))
        .isInstanceOf(PatchException.class)
        .hasMessageStartingWith("list element types are not identical: [[map[")
        .hasMessageEndingWith("] [true]]");
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

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          secrets: [{name: a}, {}] | secrets: [{name: a}]
          secrets: [{name: a}, {}] | secrets: []
          secrets: [{name: a}, {}] | secrets: [{name: a, $patch: delete}]
          secrets: [{name: a}, {}] | $setElementOrder/secrets: [{name: a}]
          secrets: [{}]            | secrets: [{name: a}]
          secrets: [{}]            | $setElementOrder/secrets: []
          """)
  void anItemThatStandsWithoutItsKeyIsInTheWay(String live, String patch) {
    Schema.Struct account = BuiltinTypes.load().struct("io.k8s.api.core.v1.ServiceAccount");
    ObjectNode target = (ObjectNode) yaml(live);
    assertThatThrownBy(() -> StrategicMergePatch.apply(target, (ObjectNode) yaml(patch), account))
        .isInstanceOf(PatchException.class)
        .hasMessage("map: map[] does not contain declared merge key: name");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {$setElementOrder/containers: [{name: w}], containers: [{name: z, image: k}]} | The order in patch list:\\n[map[image:k name:z]]\\n doesn't match $setElementOrder list:\\n[map[name:w]]\\n
          {$setElementOrder/containers: [{name: a}, {name: z}], containers: [{name: z}, {name: a}]} | The order in patch list:\\n[map[name:z] map[name:a]]\\n doesn't match $setElementOrder list:\\n[map[name:a] map[name:z]]\\n
          {$setElementOrder/containers: [{name: w}], containers: [{name: q, $patch: delete}, {name: z}]} | The order in patch list:\\n[map[$patch:delete name:q] map[name:z]]\\n doesn't match $setElementOrder list:\\n[map[name:w]]\\n
          {$setElementOrder/containers: q} | expected a []interface {}, but received a string
          {$setElementOrder/containers: null} | expected a []interface {}, but received a %!s(<nil>)
          {$setElementOrder/containers: [{name: a}], containers: q} | expected a []interface {}, but received a string
          {$setElementOrder/containers: [{nam: x}]} | map: map[nam:x] does not contain declared merge key: name
          {$setElementOrder/containers: [x]} | value for key 0 is not a map
          {$setElementOrder/containers: [x], containers: [{name: a}]} | expected a map[string]interface {}, but received a string
          {$setElementOrder/zork: [1]} | unable to find api field in struct PodSpec for the json field "zork"
          {containers: [{name: a, $setElementOrder/args: ["1"], args: ["2"]}]} | The order in patch list:\\n[2]\\n doesn't match $setElementOrder list:\\n[1]\\n
          {$retainKeys: x} | invalid patch format of retainKeys
          {$retainKeys: [volumes], hostname: x} | invalid patch format of retainKeys
          {$patch: 1} | unknown patch type: %!s(int64=1) in map: map[$patch:1]
          {$patch: ""} | unknown patch type: ␀ in map: map[$patch:]
          """)
  void directivesOfTheWrongShapeAreRefused(String spec, String problem) {
    assertThatThrownBy(() -> patched("spec: {template: {spec: " + spec + "}}"))
        .isInstanceOf(PatchException.class)
        .hasMessage(problem.replace("\\n", "\n").replace("␀", ""));
  }

  @Test
  void itemsOfAPrimitiveListComeInTheOrderThatIsSaid() {
    assertThatThrownBy(
            () ->
                patched(
                    "metadata: {$setElementOrder/finalizers: [b/b, a/a], finalizers: [a/a, b/b]}"))
        .hasMessage(
            "The order in patch list:\n[a/a b/b]\n doesn't match $setElementOrder list:\n[b/b a/a]\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{$setElementOrder/containers: [{name: a}], containers: [{name: z, $patch: delete}]}",
        "{$setElementOrder/containers: [{name: z}], containers: [{$patch: replace}, {name: z}]}",
        "{$setElementOrder/containers: [], containers: [{name: z}]}",
        "{$setElementOrder/containers: [{name: q}, {name: a}]}",
        "{$setElementOrder/tolerations: [1]}",
        "{containers: [{name: z, $setElementOrder/env: q}]}",
        "{affinity: {$retainKeys: x, nodeAffinity: {}}}",
        "{$patch: replace, $setElementOrder/containers: q}"
      })
  void directivesThatNameWhatIsNotThereDoNotMatter(String spec) {
    assertThat(patched("spec: {template: {spec: " + spec + "}}").has("spec")).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{spec: {a: 1}, $patch: replace} | {spec: {a: 1}}",
        "{spec: {a: 1}, $patch: delete} | {}",
        "{other: {$patch: bogus}} | {spec: {b: 1}}",
        "{$retainKeys: [a], a: 1} | {a: 1}",
        "{spec: null} | {}",
      })
  void directivesMeanTheSameInWhatHasNoType(String patch, String data) {
    assertThat(revised(patch).get("data")).isEqualTo(yaml(data));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{spec: {a: 1}, $patch: bogus} | unknown patch type: bogus in map: map[$patch:bogus spec:map[a:1]]",
        "{spec: {a: 1}} | unable to find api field in struct RawExtension for the json field \"spec\"",
        "{$setElementOrder/x: [1]} | unable to find api field in struct RawExtension for the json field \"x\"",
      })
  void whatHasNoTypeIsNotMergedInItsParts(String patch, String problem) {
    assertThatThrownBy(() -> revised(patch)).hasMessage(problem);
  }

  private static ObjectNode revised(String patch) {
    Schema.Struct revision = BuiltinTypes.load().struct("io.k8s.api.apps.v1.ControllerRevision");
    return StrategicMergePatch.apply(
        (ObjectNode) yaml("data: {spec: {b: 1}}"), (ObjectNode) yaml("data: " + patch), revision);
  }

  private static ObjectNode patched(String patch) {
    return StrategicMergePatch.apply(
        (ObjectNode) yaml(TARGET), (ObjectNode) yaml(patch), DEPLOYMENT);
  }

  private static JsonNode yaml(String text) {
    return Yaml.read(text.getBytes(StandardCharsets.UTF_8));
  }
}
