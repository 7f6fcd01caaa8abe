// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.StringJoiner;
import org.junit.jupiter.api.Test;

/// Tables have Kubernetes' columns, and in them what kubectl's users know.
class TablesTest {
  private static final String TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io";
  private static final String DEFAULT = "/namespaces/default/";

  private final TestApi api = new TestApi();

  @Test
  void everyKindHasItsColumns() throws IOException {
    List<String> answered = new ArrayList<>();
    List<String> expected = new ArrayList<>();
    for (String line : columns()) {
      if (line.startsWith("#")) {
        continue;
      }
      String path = line.substring(0, line.indexOf(':'));
      expected.add(line);
      answered.add(
          path + ": " + columns(table((path.startsWith("v1/") ? "/api/" : "/apis/") + path)));
    }
    assertThat(answered).containsExactlyElementsOf(expected);
  }

  @Test
  void selectorsAreWrittenWithExpressionsAndLabelsInOrder() {
    api.post(
        "/apis/apps/v1" + DEFAULT + "replicasets",
        """
        {"metadata":{"name":"r"},"spec":{"selector":{"matchLabels":{"z":"1","a":"2"},
          "matchExpressions":[{"key":"m","operator":"In","values":["y","x"]}]},
          "template":{"metadata":{"labels":{"z":"1","a":"2","m":"x"}},
            "spec":{"containers":[{"name":"c","image":"i"},{"name":"d","image":"j"}]}}}}
        """);
    assertThat(cells("/apis/apps/v1" + DEFAULT + "replicasets"))
        .endsWith("c,d", "i,j", "a=2,m in (x,y),z=1");
  }

  @Test
  void aScalerNamesItsTargets() {
    api.post(
        "/apis/autoscaling/v2" + DEFAULT + "horizontalpodautoscalers",
        """
        {"metadata":{"name":"h"},"spec":{"maxReplicas":3,
          "scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"web"},
          "metrics":[{"type":"Resource","resource":{"name":"cpu",
            "target":{"type":"Utilization","averageUtilization":50}}}]}}
        """);
    assertThat(cells("/apis/autoscaling/v2" + DEFAULT + "horizontalpodautoscalers").subList(0, 6))
        .containsExactly("h", "Deployment/web", "cpu: <unknown>/50%", "1", "3", "0");
  }

  @Test
  void aJobSaysHowFarItIs() {
    api.post(
        "/apis/batch/v1" + DEFAULT + "jobs",
        """
        {"metadata":{"name":"j"},"spec":{"parallelism":2,"completions":4,"template":{"spec":{
          "restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}}}
        """);
    assertThat(cells("/apis/batch/v1" + DEFAULT + "jobs").subList(0, 4))
        .containsExactly("j", "Running", "0/4", "");
  }

  @Test
  void aSidecarCountsAmongTheReadyContainers() {
    api.post("/api/v1" + DEFAULT + "serviceaccounts", "{\"metadata\":{\"name\":\"default\"}}");
    api.post(
        "/api/v1" + DEFAULT + "pods",
        """
        {"metadata":{"name":"p"},"spec":{"readinessGates":[{"conditionType":"example.com/g"}],
          "initContainers":[{"name":"s","image":"i","restartPolicy":"Always"}],
          "containers":[{"name":"c","image":"i"}]}}
        """);
    assertThat(cells("/api/v1" + DEFAULT + "pods"))
        .startsWith("p", "0/2", "Pending", "0")
        .endsWith("0/1");
  }

  private List<String> cells(String path) {
    List<String> cells = new ArrayList<>();
    table(path).at("/rows/0/cells").forEach(cell -> cells.add(cell.asText()));
    return cells;
  }

  private JsonNode table(String path) {
    return api.ask("GET", path).header("accept", TABLE).send().json();
  }

  private static String columns(JsonNode table) {
    StringJoiner text = new StringJoiner("; ");
    for (JsonNode column : table.path("columnDefinitions")) {
      String format = column.path("format").asText();
      text.add(
          column.path("name").asText()
              + " "
              + column.path("type").asText()
              + (format.isEmpty() ? "" : " " + format)
              + (column.path("priority").asInt() == 0 ? "" : " wide"));
    }
    return text.toString();
  }

  private static List<String> columns() throws IOException {
    try (InputStream in =
        Objects.requireNonNull(TablesTest.class.getResourceAsStream("columns.txt"))) {
      return new String(in.readAllBytes(), UTF_8).lines().toList();
    }
  }
}
