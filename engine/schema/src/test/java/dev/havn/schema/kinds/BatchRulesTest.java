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

class BatchRulesTest {
  @Test
  void wrongsOfACronJobAreNamedInTheOrderOfKubernetes() {
    String cronJob =
        """
        {"spec":{"schedule":"x","startingDeadlineSeconds":-1,"timeZone":"Nowhere/Else","concurrencyPolicy":"Sometimes",
          "jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"Never"}}}},
          "successfulJobsHistoryLimit":-1,"failedJobsHistoryLimit":-1}}
        """;
    JsonNode tree = Json.read(cronJob.getBytes(StandardCharsets.UTF_8)).tree();
    List<FieldError> errors = new ArrayList<>();
    BatchRules.cronJob(At.root(tree, errors));
    List<String> fields = errors.stream().map(FieldError::field).toList();
    assertThat(fields.subList(0, 4))
        .containsExactly(
            "spec.schedule",
            "spec.startingDeadlineSeconds",
            "spec.timeZone",
            "spec.concurrencyPolicy");
    assertThat(fields.subList(fields.size() - 2, fields.size()))
        .containsExactly("spec.successfulJobsHistoryLimit", "spec.failedJobsHistoryLimit");
  }
}
