// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.Pod;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

class WatchReaderTest {
  private static final String POD =
      """
      {"kind":"Pod","apiVersion":"v1","metadata":{"name":"%s","managedFields":[{"manager":"m"}],\
      "resourceVersion":"7"},"spec":{"containers":[{"name":"ä","resources":{"limits":{"cpu":"1500m"}}}],\
      "unheardOf":{"a":[1]}}}""";
  private static final String STREAM =
      "{\"type\":\"ADDED\",\"object\":"
          + POD.formatted("a")
          + "}\n\n{\"object\":"
          + POD.formatted("b")
          + ",\"type\":\"MODIFIED\"}\r\n{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"Pod\","
          + "\"metadata\":{\"resourceVersion\":\"9\"}}}\n{\"type\":\"DELETED\",\"object\":"
          + POD.formatted("a")
          + "}\n";
  private static final List<String> TOLD = List.of("put a", "put b", "bookmark 9", "remove a");

  private final List<String> told = new ArrayList<>();
  private final List<Pod> pods = new ArrayList<>();
  private final WatchReader<Pod> reader = new WatchReader<>(Pod.class, false, new Told());

  private final class Told implements WatchReader.Receiver<Pod> {
    @Override
    public boolean put(Pod pod) {
      pods.add(pod);
      return told.add("put " + pod.getMetadata().getName());
    }

    @Override
    public boolean remove(Pod pod) {
      return told.add("remove " + pod.getMetadata().getName());
    }

    @Override
    public boolean bookmark(JsonNode object) {
      return told.add("bookmark " + object.path("metadata").path("resourceVersion").asString());
    }

    @Override
    public boolean failed(JsonNode status) {
      told.add("failed " + status.path("code").asInt());
      return false;
    }
  }

  private boolean read(String text) {
    return reader.read(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
  }

  @Property(tries = 200)
  void aStreamCutAnywhereTellsTheSame(
      @ForAll @IntRange(min = 1, max = 900) int size, @ForAll boolean direct) {
    told.clear();
    byte[] bytes = STREAM.getBytes(StandardCharsets.UTF_8);
    for (int from = 0; from < bytes.length; from += size) {
      int count = Math.min(size, bytes.length - from);
      ByteBuffer piece = direct ? ByteBuffer.allocateDirect(count) : ByteBuffer.allocate(count + 3);
      piece.put(bytes, from, count).flip();
      assertThat(reader.read(piece)).isTrue();
    }
    assertThat(told).isEqualTo(TOLD);
  }

  @Test
  void anObjectIsReadWithoutItsManagedFields() {
    read(STREAM);
    Pod pod = pods.getFirst();
    assertThat(pod.getMetadata().getManagedFields()).isEmpty();
    assertThat(pod.getMetadata().getResourceVersion()).isEqualTo("7");
    var container = pod.getSpec().getContainers().getFirst();
    assertThat(container.getName()).isEqualTo("ä");
    assertThat(container.getResources().getLimits().get("cpu").getNumericalAmount())
        .isEqualByComparingTo("1.5");
  }

  @Test
  void anOutlineOfAPodIsWithoutHowItsContainersAreRun() {
    String pod =
        """
        {"metadata":{"name":"a"},"spec":{"nodeName":"n","volumes":[{"name":"v","emptyDir":{}}],\
        "containers":[{"name":"c","image":"i","env":[{"name":"E"}],"livenessProbe":{},\
        "ports":[{"hostPort":80}],"resources":{"requests":{"cpu":"1"}}}]}}""";
    WatchReader<Pod> outlines = new WatchReader<>(Pod.class, true, new Told());
    String line = "{\"type\":\"ADDED\",\"object\":" + pod + "}\n";

    outlines.read(ByteBuffer.wrap(line.getBytes(StandardCharsets.UTF_8)));

    var spec = pods.getFirst().getSpec();
    var container = spec.getContainers().getFirst();
    assertThat(spec.getNodeName()).isEqualTo("n");
    assertThat(spec.getVolumes().getFirst().getEmptyDir()).isNull();
    assertThat(container.getEnv()).isEmpty();
    assertThat(container.getLivenessProbe()).isNotNull();
    assertThat(container.getImage()).isEqualTo("i");
    assertThat(container.getPorts().getFirst().getHostPort()).isEqualTo(80);
    assertThat(container.getResources().getRequests()).containsKey("cpu");
  }

  @Test
  void wordsThatCameLatelyAreTheSameString() {
    String line =
        """
        {"type":"ADDED","object":{"metadata":{"name":"%s","labels":{"app":"shop"}},"spec":{\
        "nodeName":"%s","containers":[{"command":["serve"]}]}}}
        """;
    read(line.formatted("a", "n".repeat(200)) + line.formatted("b", "n".repeat(200)));

    Pod first = pods.getFirst();
    Pod second = pods.getLast();
    assertThat(first.getMetadata().getLabels().get("app"))
        .isSameAs(second.getMetadata().getLabels().get("app"));
    assertThat(first.getSpec().getContainers().getFirst().getCommand().getFirst())
        .isSameAs(second.getSpec().getContainers().getFirst().getCommand().getFirst());
    assertThat(first.getSpec().getNodeName())
        .isEqualTo(second.getSpec().getNodeName())
        .isNotSameAs(second.getSpec().getNodeName());
  }

  @Test
  void anErrorEndsTheWatch() {
    assertThat(read("{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410}}\n"))
        .isFalse();
    assertThat(told).containsExactly("failed 410");
  }

  @Test
  void whatIsNoJsonIsRefused() {
    assertThatThrownBy(() -> read("<html>\n")).isInstanceOf(JacksonException.class);
  }
}
