// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.apply;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.havn.schema.Schema;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The order of a set that others own items of, as Kubernetes 1.36.3 answers it.
class MergedOrderTest {
  private static final Schema.ListOf SET =
      new Schema.ListOf(
          new Schema.Scalar(Schema.ScalarType.STRING, "", List.of(), ""),
          Schema.ListType.SET,
          List.of());

  @ParameterizedTest
  @CsvSource({
    "412, '', 412",
    "'', 1365, 1365",
    "1, 2341, 2341",
    "4156, 1546, 1546",
    "5231, 6153, 26153",
    "4231, 415, 42315",
    "4152, 615, 46152",
    "65, 346, 3465",
    "3465, 261, 342651",
    "1623, 235, 16235",
    "63, 621, 6321",
    "625, 4316, 431625",
    "5143, 61, 56143",
    "6152, 5641, 52641",
    "352, 45, 3452",
  })
  void appliedItemsKeepTheirOrderAndLiveOnesStandBetweenThem(
      String live, String applied, String merged) {
    JsonNode result = TypedMerge.merge(list(live), list(applied), SET);
    assertThat(result).isEqualTo(list(merged));
  }

  private static ArrayNode list(String items) {
    ArrayNode list = JsonNodeFactory.instance.arrayNode();
    items.chars().forEach(each -> list.add(String.valueOf((char) each)));
    return list;
  }
}
