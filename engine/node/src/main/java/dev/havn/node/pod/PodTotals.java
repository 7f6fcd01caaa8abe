// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What a pod has of its node as a whole, as `status.allocatedResources` and `status.resources` say
/// it (KEP-5419). Of pods that ask for nothing there is neither.
final class PodTotals {
  private static final List<String> BINARY = List.of("Ki", "Mi", "Gi", "Ti", "Pi", "Ei");
  private static final List<String> DECIMAL =
      List.of("n", "u", "m", "", "k", "M", "G", "T", "P", "E");
  private static final BigDecimal KIBI = BigDecimal.valueOf(1_024);
  private static final BigDecimal KILO = BigDecimal.valueOf(1_000);

  private PodTotals() {}

  /// @param allocated the pod as it is to be
  /// @param actual the pod as it is
  /// @param runs whether it has begun to run: only then the bounds are those of its control group,
  ///   which is bounded where all containers are
  static void add(ObjectNode status, Pod allocated, Pod actual, boolean runs) {
    put(status, "allocatedResources", requests(allocated));
    ObjectNode shown = Api.object();
    put(shown, "limits", limits(actual, !runs));
    put(shown, "requests", requests(actual));
    if (!shown.isEmpty()) {
      status.set("resources", shown);
    }
  }

  private static void put(ObjectNode to, String field, Map<String, Quantity> amounts) {
    if (!amounts.isEmpty()) {
      ObjectNode shown = to.putObject(field);
      amounts.forEach((name, amount) -> shown.put(name, amount.toString()));
    }
  }

  static Map<String, Quantity> requests(Pod pod) {
    return totals(
        pod, ResourceRequirements::getRequests, name -> ContainerResources.requestOfPod(pod, name));
  }

  private static Map<String, Quantity> limits(Pod pod, boolean together) {
    return totals(
        pod,
        ResourceRequirements::getLimits,
        name -> ContainerResources.limitOfPod(pod, name, together));
  }

  private static Map<String, Quantity> totals(
      Pod pod,
      Function<ResourceRequirements, @Nullable Map<String, Quantity>> part,
      Function<String, BigDecimal> total) {
    List<Map<String, Quantity>> all =
        Stream.concat(
                Stream.ofNullable(pod.getSpec().getResources()),
                Restarts.containers(pod).flatMap(each -> Stream.ofNullable(each.getResources())))
            .flatMap(each -> Stream.ofNullable(part.apply(each)))
            .toList();
    Set<String> names = new TreeSet<>();
    all.forEach(each -> names.addAll(each.keySet()));
    Map<String, Quantity> totals = new TreeMap<>();
    for (String name : names) {
      BigDecimal amount = total.apply(name);
      if (amount.signum() > 0) {
        boolean isBinary =
            all.stream()
                .flatMap(each -> Stream.ofNullable(each.get(name)))
                .findFirst()
                .filter(first -> BINARY.contains(first.getFormat()))
                .isPresent();
        totals.put(name, canonical(amount, isBinary));
      }
    }
    return totals;
  }

  /// As Kubernetes writes an amount: with the largest unit of which it is a whole number.
  static Quantity canonical(BigDecimal amount, boolean isBinary) {
    if (isBinary && amount.compareTo(KIBI) >= 0 && isWhole(amount)) {
      BigDecimal rest = amount;
      int unit = -1;
      while (unit + 1 < BINARY.size() && isWhole(rest.divide(KIBI))) {
        rest = rest.divide(KIBI);
        unit++;
      }
      return new Quantity(plain(rest), unit < 0 ? "" : BINARY.get(unit));
    }
    BigDecimal rest = amount.movePointRight(9);
    int unit = 0;
    while (unit + 1 < DECIMAL.size() && isWhole(rest.divide(KILO))) {
      rest = rest.divide(KILO);
      unit++;
    }
    return new Quantity(plain(rest), DECIMAL.get(unit));
  }

  private static boolean isWhole(BigDecimal amount) {
    return amount.stripTrailingZeros().scale() <= 0;
  }

  private static String plain(BigDecimal amount) {
    return amount.stripTrailingZeros().toPlainString();
  }

  /// Amounts less what the runtime itself takes of them.
  static Map<String, Quantity> without(
      @Nullable Map<String, Quantity> overhead, @Nullable Map<String, Quantity> amounts) {
    Map<String, Quantity> rest = new TreeMap<>(amounts == null ? Map.of() : amounts);
    if (overhead != null) {
      overhead.forEach(
          (name, taken) -> rest.computeIfPresent(name, (_, amount) -> amount.subtract(taken)));
    }
    return rest;
  }
}
