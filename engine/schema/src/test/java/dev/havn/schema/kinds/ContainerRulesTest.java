// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.codec.Json;
import dev.havn.schema.validate.FieldError;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ContainerRulesTest {
  private static final String COMMON =
      "'image':'a','imagePullPolicy':'Always','terminationMessagePolicy':'File'";

  @Test
  void rulesOfRestartingNeedAPolicyAndAreLookedAtInRegularContainersWithoutOne() {
    String rules = "'restartPolicyRules':[{'action':'x'}]";
    assertThat(problems("{'containers':[{'name':'a'," + COMMON + "," + rules + "}]}"))
        .containsExactly(
            "containers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used",
            "containers[0].restartPolicyRules[0].action: Unsupported value: 'x': supported values: 'Restart', 'RestartAllContainers'",
            "containers[0].restartPolicyRules[0].exitCodes: Required value: must be specified");
    assertThat(
            problems(
                "{'containers':[{'name':'a',%s}],'initContainers':[{'name':'b',%s,%s}]}"
                    .formatted(COMMON, COMMON, rules)))
        .containsExactly(
            "initContainers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used");
  }

  @Test
  void aNamelessInitialContainerTakesNoNameFromAnotherInitialOne() {
    String none = "{'name':''," + COMMON + "}";
    assertThat(problems("{'containers':[%s],'initContainers':[%s]}".formatted(none, none)))
        .contains("initContainers[0].name: Duplicate value: ''");
    assertThat(
            problems(
                "{'containers':[{'name':'a',%s}],'initContainers':[%s,%s]}"
                    .formatted(COMMON, none, none)))
        .doesNotContain("initContainers[1].name: Duplicate value: ''");
  }

  private static List<String> problems(String spec) {
    JsonNode tree = Json.read(spec.replace('\'', '"').getBytes(StandardCharsets.UTF_8)).tree();
    List<FieldError> errors = new ArrayList<>();
    At root = At.root(tree, errors);
    ContainerRules.check(root, PodContext.of(root, Set.of(), Set.of()));
    return errors.stream().map(each -> each.toString().replace('"', '\'')).toList();
  }
}
