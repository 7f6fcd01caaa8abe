// SPDX-License-Identifier: Apache-2.0
package dev.havn.node;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.image.ImageStore.Kept;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/// The images that a node's status shows: the largest, each with a few of its names, those with
/// digests first. The scheduler prefers nodes that have a pod's images.
final class NodeStatusImages {
  private static final int NAMES_MAX = 5;

  private NodeStatusImages() {}

  /// @param countMax -1 for all
  static ArrayNode of(List<Kept> all, int countMax) {
    ArrayNode images = JsonNodeFactory.instance.arrayNode();
    all.stream()
        .sorted(
            Comparator.comparingLong(Kept::bytes)
                .reversed()
                .thenComparing(each -> String.join(" ", each.names())))
        .limit(countMax < 0 ? Long.MAX_VALUE : countMax)
        .forEach(
            each -> {
              ObjectNode image = images.addObject();
              ArrayNode names = image.putArray("names");
              Stream.concat(
                      each.names().stream().filter(name -> name.contains("@")),
                      each.names().stream().filter(name -> !name.contains("@")))
                  .limit(NAMES_MAX)
                  .forEach(names::add);
              image.put("sizeBytes", each.bytes());
            });
    return images;
  }
}
