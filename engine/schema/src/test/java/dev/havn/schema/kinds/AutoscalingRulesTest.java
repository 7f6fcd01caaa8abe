// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.BuiltinTypes;
import dev.havn.schema.Schema;
import dev.havn.schema.codec.Json;
import dev.havn.schema.validate.FieldError;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AutoscalingRulesTest {
  private static final String RESOURCE =
      "'resource':{'name':'cpu','target':{'type':'Utilization','averageUtilization':5}}";
  private static final String PODS =
      "'pods':{'metric':{'name':'m'},'target':{'type':'AverageValue','averageValue':'1'}}";

  private static final Schema.Struct TYPE =
      BuiltinTypes.load().struct("io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler");

  @Test
  void aMetricOfAnUnknownTypeIsRefusedTwiceAndMayHaveOneSource() {
    assertThat(fields("{'type':'x'," + RESOURCE + "}"))
        .containsExactly("spec.metrics[0].type", "spec.metrics[0].type");
    assertThat(fields("{'type':'x'," + RESOURCE + "," + PODS + "}"))
        .containsExactly(
            "spec.metrics[0].type",
            "spec.metrics[0].type",
            "spec.metrics[0].pods",
            "spec.metrics[0].resource");
  }

  @Test
  void aMetricHasTheSourceOfItsTypeAndNoOther() {
    assertThat(fields("{'type':'Resource'," + RESOURCE + "}")).isEmpty();
    assertThat(fields("{'type':'Resource'," + RESOURCE + "," + PODS + "}"))
        .containsExactly("spec.metrics[0].pods");
    assertThat(fields("{'type':'Resource'," + PODS + "}"))
        .containsExactly("spec.metrics[0].resource");
  }

  private static List<String> fields(String metric) {
    String spec =
        "{'spec':{'maxReplicas':2,'scaleTargetRef':{'apiVersion':'apps/v1','kind':'D','name':'d'},'metrics':["
            + metric
            + "]}}";
    JsonNode tree = Json.read(spec.replace('\'', '"').getBytes(StandardCharsets.UTF_8)).tree();
    List<FieldError> errors = new ArrayList<>();
    AutoscalingRules.autoscaler(At.root(tree, errors));
    return errors.stream().map(FieldError::field).toList();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "apps/v1 | Bar | ",
        "a/b/c | Bar | spec.scaleTargetRef.apiVersion: Invalid value: \"a/b/c\": unexpected GroupVersion string: a/b/c",
        "a/b/c | ReplicationController | spec.scaleTargetRef.apiVersion: Invalid value: \"a/b/c\": unexpected GroupVersion string: a/b/c",
        "v1 | Bar | spec.scaleTargetRef.apiVersion: Invalid value: \"v1\": apiVersion must specify API group",
        "/v1 | Bar | spec.scaleTargetRef.apiVersion: Invalid value: \"/v1\": apiVersion must specify API group",
        "v1 | ReplicationController | ",
      })
  void aTargetIsOfAGroupAndAVersion(String version, String kind, @Nullable String expected) {
    assertThat(problems(autoscaler(version, kind, "v1"), null))
        .isEqualTo(expected == null ? "" : expected);
  }

  @Test
  void whatAMetricDescribesIsOfAVersionAndMayBeOfNoGroup() {
    assertThat(problems(autoscaler("apps/v1", "D", "v1"), null)).isEmpty();
    assertThat(problems(autoscaler("apps/v1", "D", "a/b/c"), null))
        .isEqualTo(
            "spec.metrics[0].object.describedObject.apiVersion: Invalid value: \"a/b/c\": unexpected GroupVersion string: a/b/c");
  }

  @Test
  void aTargetThatStayedIsNotJudgedAgain() {
    String kept = autoscaler("a/b/c", "D", "a/b/c");
    assertThat(problems(kept, kept)).isEmpty();
    assertThat(problems(kept, autoscaler("apps/v1", "D", "v1")))
        .isEqualTo(
            "spec.scaleTargetRef.apiVersion: Invalid value: \"a/b/c\": unexpected GroupVersion string: a/b/c,"
                + " spec.metrics[0].object.describedObject.apiVersion: Invalid value: \"a/b/c\": unexpected GroupVersion string: a/b/c");
  }

  private static String autoscaler(String version, String kind, String described) {
    return """
        {'metadata':{'name':'h','resourceVersion':'1'},'spec':{'maxReplicas':2,
          'scaleTargetRef':{'apiVersion':'%s','kind':'%s','name':'d'},
          'metrics':[{'type':'Object','object':{'metric':{'name':'m'},'target':{'type':'Value','value':'1'},
            'describedObject':{'apiVersion':'%s','kind':'K','name':'k'}}}]}}
        """
        .formatted(version, kind, described);
  }

  private static String problems(String autoscaler, @Nullable String before) {
    List<FieldError> errors =
        before == null
            ? Rules.onCreate("HorizontalPodAutoscaler", tree(autoscaler), TYPE)
            : Rules.onUpdate("HorizontalPodAutoscaler", tree(before), tree(autoscaler), TYPE);
    return String.join(", ", errors.stream().map(FieldError::toString).toList());
  }

  private static ObjectNode tree(String text) {
    return (ObjectNode) Json.read(text.replace('\'', '"').getBytes(StandardCharsets.UTF_8)).tree();
  }
}
