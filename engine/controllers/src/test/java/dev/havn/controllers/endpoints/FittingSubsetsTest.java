// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.endpoints;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class FittingSubsetsTest {
  /// @param sizes of each subset, who is Ready and who is not
  private static ArrayNode subsets(int[]... sizes) {
    ArrayNode subsets = Api.object().arrayNode();
    for (int[] size : sizes) {
      ObjectNode subset = subsets.addObject();
      fill(subset, "addresses", size[0]);
      fill(subset, "notReadyAddresses", size[1]);
    }
    return subsets;
  }

  private static void fill(ObjectNode subset, String field, int size) {
    for (int i = 0; i < size; i++) {
      subset
          .withArrayProperty(field)
          .addObject()
          .put("ip", "10.0.%d.%d".formatted(i / 256, i % 256));
    }
  }

  private static List<String> sizes(FittingSubsets fitting) {
    List<String> sizes = new ArrayList<>();
    for (JsonNode each : fitting.subsets()) {
      sizes.add(
          each.path("addresses").size()
              + (each.has("notReadyAddresses") ? "+" + each.get("notReadyAddresses").size() : ""));
    }
    return sizes;
  }

  @Test
  void whatFitsStays() {
    ArrayNode all = subsets(new int[] {600, 400});
    assertThat(FittingSubsets.of(all, 1_000)).isEqualTo(new FittingSubsets(all, false));
  }

  @Test
  void whoIsReadyStaysBeforeWhoIsNot() {
    FittingSubsets fitting = FittingSubsets.of(subsets(new int[] {900, 400}), 1_000);
    assertThat(fitting.isTruncated()).isTrue();
    assertThat(sizes(fitting)).containsExactly("900+100");
    assertThat(sizes(FittingSubsets.of(subsets(new int[] {1_001, 400}), 1_000)))
        .containsExactly("1000");
    assertThat(sizes(FittingSubsets.of(subsets(new int[] {1_000, 1}), 1_000)))
        .containsExactly("1000");
  }

  @Test
  void eachSubsetKeepsItsShareRoundedUpWhileThereIsRoom() {
    assertThat(sizes(FittingSubsets.of(subsets(new int[] {3, 0}, new int[] {3, 9}), 5)))
        .containsExactly("3", "2");
    assertThat(sizes(FittingSubsets.of(subsets(new int[] {1, 4}, new int[] {1, 2}), 5)))
        .containsExactly("1+2", "1+1");
  }

  @Test
  void aSubsetWithoutAddressesIsNone() {
    assertThat(
            sizes(
                FittingSubsets.of(
                    subsets(new int[] {1, 0}, new int[] {1, 0}, new int[] {1, 0}, new int[] {0, 1}),
                    2)))
        .containsExactly("1", "1");
  }

  @Test
  void theFirstAddressesAreKept() {
    ArrayNode all = subsets(new int[] {3, 0});
    assertThat(FittingSubsets.of(all, 2).subsets().findValuesAsText("ip"))
        .containsExactly("10.0.0.0", "10.0.0.1");
    assertThat(all.findValuesAsText("ip")).as("what is given").hasSize(3);
  }
}
