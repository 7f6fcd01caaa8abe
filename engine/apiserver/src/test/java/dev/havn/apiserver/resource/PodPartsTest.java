// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PodPartsTest {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(JsonReadFeature.ALLOW_UNQUOTED_FIELD_NAMES, JsonReadFeature.ALLOW_SINGLE_QUOTES)
          .build();

  private static final ObjectNode POD =
      tree(
          """
          {metadata: {name: 'p', labels: {a: 'b'}}, spec: {containers: [
            {name: 'a', image: 'x', resources: {requests: {cpu: '100m', memory: '64Mi'},
              limits: {cpu: '200m', memory: '128Mi'}}},
            {name: 'b', image: 'x'}], ephemeralContainers: [{name: 'd', image: 'x',
            imagePullPolicy: 'Always', terminationMessagePolicy: 'File'}]}}
          """);

  private static ObjectNode tree(String json) {
    try {
      return (ObjectNode) JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(json, e);
    }
  }

  /// The pod with other resources of its first container.
  private static ObjectNode resized(String resources) {
    ObjectNode pod = POD.deepCopy();
    ((ObjectNode) pod.at("/spec/containers/0")).set("resources", tree(resources));
    return pod;
  }

  @Test
  void aResizeChangesNothingButResources() {
    ObjectNode wanted = resized("{requests: {cpu: '150m', memory: '64Mi'}}");
    ((ObjectNode) wanted.at("/spec/containers/0")).put("image", "other");
    ((ObjectNode) wanted.at("/metadata/labels")).put("a", "c");

    ObjectNode after = PodParts.only("resize", POD, wanted);

    assertThat(after.at("/spec/containers/0/resources/requests/cpu").asText()).isEqualTo("150m");
    assertThat(after.at("/spec/containers/0/image").asText()).isEqualTo("x");
    assertThat(after.at("/metadata/labels/a").asText()).isEqualTo("b");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{requests: {cpu: '150m', memory: '64Mi'}, limits: {cpu: '300m', memory: '128Mi'}} | []",
        "{requests: {cpu: '100m', memory: '64Mi'}, limits: {memory: '128Mi'}}"
            + " | [spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed]",
        "{requests: {cpu: '1', memory: '64Mi', x: '1'}, limits: {cpu: '2', memory: '128Mi'}}"
            + " | [spec: Forbidden: only cpu and memory resources are mutable]",
      })
  void aResizeIsChecked(String resources, String errors) {
    ObjectNode wanted = resized(resources);
    assertThat(PodParts.check("resize", POD, wanted, wanted)).hasToString(errors);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{requests: {cpu: '1'}} | {requests: {cpu: '2'}} | []",
        "{requests: {cpu: '1'}} | {requests: {cpu: '1'}, limits: {memory: '1Gi'}} | []",
        "{requests: {cpu: '1'}} | | [spec.resources: Forbidden: pod-level resources cannot be removed]",
        "{requests: {cpu: '1'}, limits: {memory: '1'}} | {requests: {cpu: '1'}, limits: {}}"
            + " | [spec.resources.limits: Forbidden: pod-level resource limits cannot be removed]",
        "{requests: {cpu: '1'}} | {requests: {cpu: '1', hugepages-2Mi: '2Mi'}}"
            + " | [spec: Forbidden: only cpu and memory resources are mutable at pod-level]",
        " | {requests: {cpu: '1'}} | []",
      })
  void aResizeOfTheWholePodIsChecked(String had, String wants, String errors) {
    ObjectNode before = POD.deepCopy();
    ObjectNode wanted = POD.deepCopy();
    if (had != null) {
      ((ObjectNode) before.get("spec")).set("resources", tree(had));
    }
    if (wants != null) {
      ((ObjectNode) wanted.get("spec")).set("resources", tree(wants));
    }
    ObjectNode after = PodParts.only("resize", before, wanted);
    assertThat(PodParts.check("resize", before, wanted, after)).hasToString(errors);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{} | {requests: {cpu: '2'}} | []",
        "{} | {requests: {cpu: '1', x: '1'}}"
            + " | [spec.initContainers[0]: Forbidden: only cpu and memory resources for init or sidecar containers are mutable]",
        "{resizePolicy: [{resourceName: 'cpu', restartPolicy: 'RestartContainer'}]}"
            + " | {requests: {cpu: '2'}} | [spec.initContainers[0]: Forbidden: non-sidecar init containers with a resize policy of RestartContainer cannot be resized]",
        "{resizePolicy: [{resourceName: 'cpu', restartPolicy: 'RestartContainer'}]}"
            + " | {requests: {cpu: '1'}} | []",
        "{restartPolicy: 'Always', resizePolicy: [{resourceName: 'cpu', restartPolicy: 'RestartContainer'}]}"
            + " | {requests: {cpu: '2'}} | []",
      })
  void aResizeOfAnInitContainerIsChecked(String more, String wants, String errors) {
    ObjectNode before = POD.deepCopy();
    ObjectNode init = tree("{name: 'i', image: 'x', resources: {requests: {cpu: '1'}}}");
    init.setAll(tree(more));
    ((ObjectNode) before.get("spec")).putArray("initContainers").add(init);
    ObjectNode wanted = before.deepCopy();
    ((ObjectNode) wanted.at("/spec/initContainers/0")).set("resources", tree(wants));
    assertThat(PodParts.check("resize", before, wanted, wanted)).hasToString(errors);
  }

  @Test
  void podsOfFilesAndOfWindowsAreWhatTheyAre() {
    ObjectNode mirror = POD.deepCopy();
    ((ObjectNode) mirror.get("metadata"))
        .putObject("annotations")
        .put("kubernetes.io/config.mirror", "1");
    assertThat(PodParts.check("resize", mirror, mirror, mirror))
        .hasToString("[: Forbidden: static pods cannot be resized]");
    assertThat(PodParts.check("ephemeralcontainers", mirror, mirror, mirror))
        .hasToString("[: Forbidden: static pods do not support ephemeral containers]");
    ObjectNode windows = POD.deepCopy();
    ((ObjectNode) windows.get("spec")).putObject("os").put("name", "windows");
    assertThat(PodParts.check("resize", windows, windows, windows))
        .hasToString("[: Forbidden: windows pods cannot be resized]");
  }

  @Test
  void theQualityOfServiceStays() {
    ObjectNode guaranteed =
        resized("{requests: {cpu: '1', memory: '1'}, limits: {cpu: '1', memory: '1'}}");
    ((ArrayNode) guaranteed.at("/spec/containers")).remove(1);
    ObjectNode wanted = guaranteed.deepCopy();
    ((ObjectNode) wanted.at("/spec/containers/0/resources/limits")).put("cpu", "2");
    assertThat(PodParts.check("resize", guaranteed, wanted, wanted))
        .hasToString(
            "[spec: Invalid value: \"Guaranteed\": Pod QOS Class may not change as a result of"
                + " resizing]");
  }

  @Test
  void ephemeralContainersOnlyComeToIt() {
    ObjectNode none = POD.deepCopy();
    ((ObjectNode) none.get("spec")).remove("ephemeralContainers");
    ObjectNode other = POD.deepCopy();
    ((ObjectNode) other.at("/spec/ephemeralContainers/0")).put("image", "y");

    assertThat(PodParts.check("ephemeralcontainers", none, POD, POD)).isEmpty();
    assertThat(PodParts.check("ephemeralcontainers", POD, none, none).toString())
        .contains("existing ephemeral containers \"d\" may not be removed");
    assertThat(PodParts.check("ephemeralcontainers", POD, other, other).toString())
        .contains("existing ephemeral containers \"d\" may not be changed");
  }

  @Test
  void aNodeThatTellsNothingOfResourcesCannotResize() {
    ObjectNode wanted = resized("{requests: {cpu: '150m', memory: '64Mi'}}");
    String running = "{containerStatuses: [{name: 'a', state: {running: {}}%s}]}";
    ObjectNode old = POD.deepCopy();
    old.set("status", tree(running.formatted("")));
    ObjectNode newer = POD.deepCopy();
    newer.set("status", tree(running.formatted(", resources: {}")));

    assertThat(PodParts.check("resize", old, wanted, wanted).getFirst().detail())
        .isEqualTo("Pod running on node without support for resize");
    assertThat(PodParts.check("resize", newer, wanted, wanted))
        .noneMatch(error -> error.field().equals("spec") && error.detail().contains("support"));
  }
}
