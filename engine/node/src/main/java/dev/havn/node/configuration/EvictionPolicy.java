// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.configuration;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.node.configuration.EvictionThreshold.Absolute;
import dev.havn.node.configuration.EvictionThreshold.Amount;
import dev.havn.node.configuration.EvictionThreshold.Percentage;
import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/// When a node ends pods because it runs short of something.
///
/// @param transition how long a condition stays when it no longer holds
/// @param graceMax of pods that end for a soft threshold
public record EvictionPolicy(
    List<EvictionThreshold> thresholds, Duration transition, Duration graceMax) {
  static final Duration TRANSITION = Duration.ofMinutes(5);

  /// Those of a kubelet, but for the disk, of which it wants ten hundredths: a workstation's is
  /// often fuller than that.
  static final List<EvictionThreshold> HARD =
      List.of(
          EvictionThreshold.hard(EvictionSignal.MEMORY, new Absolute(100L << 20)),
          EvictionThreshold.hard(EvictionSignal.NODE_DISK, new Percentage(2)),
          EvictionThreshold.hard(EvictionSignal.NODE_INODES, new Percentage(2)));

  public static final EvictionPolicy STANDARD = new EvictionPolicy(HARD, TRANSITION, Duration.ZERO);

  /// The most that some hard threshold wants to be left of the disk.
  ///
  /// @param inBytes else in files
  /// @param capacity all there is
  public long diskKept(boolean inBytes, long capacity) {
    return thresholds.stream()
        .filter(each -> !each.isSoft() && each.signal().isOfDisk())
        .filter(each -> each.signal().isInBytes() == inBytes)
        .mapToLong(each -> each.amount().of(capacity))
        .max()
        .orElse(0);
  }

  static EvictionPolicy of(JsonNode json) {
    Map<EvictionSignal, Amount> reclaims = amounts(json, "evictionMinimumReclaim");
    List<EvictionThreshold> thresholds = new ArrayList<>();
    if (json.has("evictionHard")) {
      amounts(json, "evictionHard")
          .forEach((signal, amount) -> thresholds.add(EvictionThreshold.hard(signal, amount)));
    } else {
      thresholds.addAll(HARD);
    }
    thresholds.replaceAll(
        each ->
            new EvictionThreshold(
                each.signal(),
                each.amount(),
                false,
                Duration.ZERO,
                reclaims.getOrDefault(each.signal(), Amount.NONE)));
    Map<EvictionSignal, Duration> graces = graces(json);
    amounts(json, "evictionSoft")
        .forEach(
            (signal, amount) -> {
              if (!graces.containsKey(signal)) {
                throw new IllegalArgumentException(
                    "evictionSoft: grace period must be specified for the soft eviction threshold "
                        + signal);
              }
              thresholds.add(
                  new EvictionThreshold(
                      signal,
                      amount,
                      true,
                      graces.get(signal),
                      reclaims.getOrDefault(signal, Amount.NONE)));
            });
    return new EvictionPolicy(
        List.copyOf(thresholds),
        KubeletConfiguration.duration(json, "evictionPressureTransitionPeriod", TRANSITION),
        Duration.ofSeconds(
            KubeletConfiguration.number(json, "evictionMaxPodGracePeriod", 0, 0, 86_400)));
  }

  private static Map<EvictionSignal, Duration> graces(JsonNode json) {
    String field = "evictionSoftGracePeriod";
    Map<EvictionSignal, Duration> graces = new EnumMap<>(EvictionSignal.class);
    for (Map.Entry<String, JsonNode> each : entries(json, field)) {
      graces.put(
          signal(field, each.getKey()),
          KubeletConfiguration.duration(json.path(field), each.getKey(), Duration.ZERO));
    }
    return graces;
  }

  private static Map<EvictionSignal, Amount> amounts(JsonNode json, String field) {
    Map<EvictionSignal, Amount> amounts = new EnumMap<>(EvictionSignal.class);
    for (Map.Entry<String, JsonNode> each : entries(json, field)) {
      EvictionSignal signal = signal(field, each.getKey());
      String text = each.getValue().asText();
      // As a kubelet takes them: no threshold.
      boolean isNone = text.equals("0%") || text.equals("100%");
      Amount amount = amount(field + "[" + signal + "]", text);
      if (!isNone) {
        amounts.put(signal, amount);
      }
    }
    return amounts;
  }

  private static Iterable<Map.Entry<String, JsonNode>> entries(JsonNode json, String field) {
    JsonNode map = json.path(field);
    if (!map.isMissingNode() && !map.isNull() && !map.isObject()) {
      throw new IllegalArgumentException(field + " must be a mapping of signals");
    }
    return map.properties();
  }

  private static EvictionSignal signal(String field, String text) {
    return EvictionSignal.of(text)
        .orElseThrow(
            () -> new IllegalArgumentException(field + ": unsupported eviction signal " + text));
  }

  private static Amount amount(String where, String text) {
    if (text.matches("[0-9]{1,3}(\\.[0-9]{1,9})?%")) {
      double percent = Double.parseDouble(text.substring(0, text.length() - 1));
      if (percent <= 100) {
        return new Percentage(percent);
      }
      throw new IllegalArgumentException(where + ": eviction threshold must be <= 100%: " + text);
    }
    if (text.matches("[0-9]{1,18}(\\.[0-9]{1,9})?(k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?")) {
      BigDecimal number = Quantity.getAmountInBytes(new Quantity(text));
      return new Absolute(number.min(BigDecimal.valueOf(Long.MAX_VALUE)).longValue());
    }
    throw new IllegalArgumentException(
        where + " must be a quantity such as 100Mi, or a percentage, not '" + text + "'");
  }
}
