// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.state;

import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// An amount of each resource: `cpu` in thousandths, everything else in whole units. The three that
/// every pod is asked about are fields, because they are compared for every node and pod.
public final class Resources {
  public static final String CPU = "cpu";
  public static final String MEMORY = "memory";
  public static final String EPHEMERAL_STORAGE = "ephemeral-storage";

  private long milliCpu;
  private long memory;
  private long ephemeralStorage;
  private Map<String, Long> others = Map.of();

  /// Of what the API says; `pods` is no resource that pods ask for and counts like the others.
  public static Resources of(@Nullable Map<String, Quantity> amounts) {
    Resources resources = new Resources();
    if (amounts != null) {
      amounts.forEach((name, amount) -> resources.set(name, units(name, amount)));
    }
    return resources;
  }

  public Resources copy() {
    Resources copy = new Resources();
    copy.add(this, 1);
    return copy;
  }

  public long get(String name) {
    return switch (name) {
      case CPU -> milliCpu;
      case MEMORY -> memory;
      case EPHEMERAL_STORAGE -> ephemeralStorage;
      default -> others.getOrDefault(name, 0L);
    };
  }

  public void set(String name, long amount) {
    switch (name) {
      case CPU -> milliCpu = amount;
      case MEMORY -> memory = amount;
      case EPHEMERAL_STORAGE -> ephemeralStorage = amount;
      default -> {
        if (others.isEmpty()) {
          others = new HashMap<>(4);
        }
        others.put(name, amount);
      }
    }
  }

  /// Adds what another has, `times` times; -1 takes it away.
  void add(Resources other, int times) {
    milliCpu += times * other.milliCpu;
    memory += times * other.memory;
    ephemeralStorage += times * other.ephemeralStorage;
    if (!other.others.isEmpty()) {
      other.others.forEach((name, amount) -> set(name, get(name) + times * amount));
    }
  }

  /// Raises each amount to that of another.
  void raise(Resources other) {
    milliCpu = Math.max(milliCpu, other.milliCpu);
    memory = Math.max(memory, other.memory);
    ephemeralStorage = Math.max(ephemeralStorage, other.ephemeralStorage);
    other.others.forEach((name, amount) -> set(name, Math.max(get(name), amount)));
  }

  public long milliCpu() {
    return milliCpu;
  }

  public long memory() {
    return memory;
  }

  public long ephemeralStorage() {
    return ephemeralStorage;
  }

  /// Of those that are no fields.
  public Set<String> otherNames() {
    return others.keySet();
  }

  public static long units(String resource, Quantity quantity) {
    BigDecimal amount = Quantity.getAmountInBytes(quantity);
    BigDecimal scaled = resource.equals(CPU) ? amount.movePointRight(3) : amount;
    return scaled.setScale(0, RoundingMode.UP).min(BigDecimal.valueOf(Long.MAX_VALUE)).longValue();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Resources that
        && milliCpu == that.milliCpu
        && memory == that.memory
        && ephemeralStorage == that.ephemeralStorage
        && others.equals(that.others);
  }

  @Override
  public int hashCode() {
    return Long.hashCode(milliCpu * 31 + memory) + others.hashCode();
  }

  @Override
  public String toString() {
    return "cpu=%dm memory=%d ephemeral-storage=%d %s"
        .formatted(milliCpu, memory, ephemeralStorage, others);
  }
}
