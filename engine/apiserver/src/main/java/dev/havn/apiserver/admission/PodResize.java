// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.resource.Objects;
import dev.havn.schema.validate.Quantity;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/// The plugin PodResizeValidator (KEP-1287): a running pod does not grow beyond what its node could
/// give to any pod.
public final class PodResize implements Admission {
  private final Objects objects;

  public PodResize(Objects objects) {
    this.objects = objects;
  }

  @Override
  public void validate(Write write) {
    BoundPodUpdate.of(write, Set.of("resize"))
        .filter(update -> !update.before().equals(update.after()))
        .ifPresent(this::validate);
  }

  private void validate(BoundPodUpdate update) {
    ObjectNode node = update.read(objects);
    String system = node.at("/metadata/labels").path("kubernetes.io/os").asText("linux");
    if (!system.equals("linux")) {
      throw update
          .forbidden(
              "pod resize is only supported on linux nodes, node \"%s\" is \"%s\""
                  .formatted(update.node(), system))
          .because("UnsupportedPlatform");
    }
    fits(update, node.path("status").path("allocatable"));
  }

  private static void fits(BoundPodUpdate update, JsonNode allocatable) {
    Map<String, Quantity> wanted = PodResources.total(update.after(), "requests", true);
    StringJoiner missing = new StringJoiner("; ");
    missing(missing, "cpu", 1_000, wanted, allocatable);
    missing(missing, "memory", 1, wanted, allocatable);
    if (missing.length() > 0) {
      throw update
          .forbidden("node didn't have enough allocatable resources: " + missing)
          .because("NodeCapacity");
    }
  }

  /// @param parts in which the resource is shown, of one
  private static void missing(
      StringJoiner missing,
      String resource,
      int parts,
      Map<String, Quantity> wanted,
      JsonNode allocatable) {
    @Nullable Quantity own = wanted.get(resource);
    JsonNode given = allocatable.path(resource);
    BigDecimal most = given.isTextual() ? Quantity.parse(given.asText()).amount() : BigDecimal.ZERO;
    if (own != null && own.amount().compareTo(most) > 0) {
      missing.add(
          "%s, requested: %s, allocatable: %s"
              .formatted(resource, shown(own.amount(), parts), shown(most, parts)));
    }
  }

  private static String shown(BigDecimal amount, int parts) {
    return amount.multiply(BigDecimal.valueOf(parts)).setScale(0, RoundingMode.UP).toPlainString();
  }
}
