// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.codec.Json;
import dev.havn.schema.validate.FieldError;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class AutoscalingRulesTest {
  private static final String RESOURCE =
      "'resource':{'name':'cpu','target':{'type':'Utilization','averageUtilization':5}}";
  private static final String PODS =
      "'pods':{'metric':{'name':'m'},'target':{'type':'AverageValue','averageValue':'1'}}";

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
}
