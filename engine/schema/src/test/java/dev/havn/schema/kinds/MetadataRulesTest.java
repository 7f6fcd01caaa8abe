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

class MetadataRulesTest {
  @Test
  void anEventOwnsNothing() {
    assertThat(problems("{'kind':'Event','apiVersion':'v1','uid':'u','name':'o'}"))
        .isEqualTo(
            "metadata.ownerReferences: Invalid value: {'apiVersion':'v1','kind':'Event','name':'o','uid':'u'}: /v1, Kind=Event is disallowed from being an owner");
    assertThat(
            problems(
                "{'controller':false,'kind':'Event','apiVersion':'/v1','uid':'u','name':'o','blockOwnerDeletion':true}"))
        .isEqualTo(
            "metadata.ownerReferences: Invalid value: {'apiVersion':'/v1','kind':'Event','name':'o','uid':'u','controller':false,'blockOwnerDeletion':true}: /v1, Kind=Event is disallowed from being an owner");
  }

  @Test
  void othersMayOwnEvenEventsOfOtherGroups() {
    assertThat(problems("{'apiVersion':'events.k8s.io/v1','kind':'Event','name':'o','uid':'u'}"))
        .isEmpty();
    assertThat(problems("{'apiVersion':'v1','kind':'Pod','name':'o','uid':'u'}")).isEmpty();
  }

  private static String problems(String owner) {
    String metadata = "{'metadata':{'name':'c','ownerReferences':[" + owner + "]}}";
    JsonNode tree = Json.read(metadata.replace('\'', '"').getBytes(StandardCharsets.UTF_8)).tree();
    List<FieldError> errors = new ArrayList<>();
    MetadataRules.ofAnyKind(At.root(tree, errors).at("metadata"));
    return String.join(", ", errors.stream().map(FieldError::toString).toList()).replace('"', '\'');
  }
}
