// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.BuiltinTypes;
import dev.havn.schema.codec.Json;
import dev.havn.schema.validate.FieldError;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Indexed | 2 | 3 | 3 | ",
        "Indexed | 2 | 2 | 3 | ",
        "Indexed | 2 | 3 | 2 | spec.completions: Invalid value: 3: can only be modified in tandem with spec.parallelism",
        "Indexed | 3 | 2 | 3 | spec.completions: Invalid value: 2: can only be modified in tandem with spec.parallelism",
        "NonIndexed | 2 | 2 | 3 | ",
        "NonIndexed | 2 | 3 | 3 | spec.completions: Invalid value: 3: field is immutable",
      })
  void completionsChangeOnlyWithParallelismAndOnlyOfAnIndexedJob(
      String mode, int before, int after, int parallelism, @Nullable String expected) {
    List<FieldError> errors =
        Rules.onUpdate(
            "Job",
            job(mode, before, 2),
            job(mode, after, parallelism),
            BuiltinTypes.load().struct("io.k8s.api.batch.v1.Job"));
    assertThat(errors.stream().map(FieldError::toString))
        .filteredOn(each -> each.startsWith("spec.completions"))
        .isEqualTo(expected == null ? List.of() : List.of(expected));
  }

  private static ObjectNode job(String mode, int completions, int parallelism) {
    String job =
        """
        {"metadata":{"name":"work","resourceVersion":"1"},
          "spec":{"completionMode":"%s","completions":%d,"parallelism":%d,
            "selector":{"matchLabels":{"a":"b"}},
            "template":{"metadata":{"labels":{"a":"b"}},"spec":{"restartPolicy":"Never"}}}}
        """
            .formatted(mode, completions, parallelism);
    return (ObjectNode) Json.read(job.getBytes(StandardCharsets.UTF_8)).tree();
  }
}
