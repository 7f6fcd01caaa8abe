// SPDX-License-Identifier: Apache-2.0
package dev.havn.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.image.ImageStore.Kept;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class NodeStatusImagesTest {
  private static Kept image(long bytes, String... names) {
    return new Kept("id", List.of(names), bytes, Instant.EPOCH, "amd64");
  }

  @Test
  void theLargestAreShownWithTheirDigestsFirst() {
    List<Kept> all =
        List.of(
            image(5, "r.test/small:1"),
            image(7, "r.test/large:1", "r.test/large@sha256:d"),
            image(6, "a:1", "a:2", "a:3", "a:4", "a:5", "a:6"));
    assertThat(NodeStatusImages.of(all, 2).toString())
        .isEqualTo(
            "[{\"names\":[\"r.test/large@sha256:d\",\"r.test/large:1\"],\"sizeBytes\":7},"
                + "{\"names\":[\"a:1\",\"a:2\",\"a:3\",\"a:4\",\"a:5\"],\"sizeBytes\":6}]");
  }

  @Test
  void aBoundOfMinusOneIsNone() {
    List<Kept> all = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      all.add(image(i, "r.test/" + i));
    }
    assertThat(NodeStatusImages.of(all, -1)).hasSize(60);
    assertThat(NodeStatusImages.of(all, 50)).hasSize(50);
  }
}
