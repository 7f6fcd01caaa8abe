// SPDX-License-Identifier: Apache-2.0
package dev.havn.node;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The conditions of a node, and since when each is as it is. One that the node is short of
/// something stays for a while when it no longer is, so that it does not come and go. For many
/// threads.
final class NodeConditions {
  /// What a node may be short of.
  enum Pressure {
    MEMORY(
        "MemoryPressure",
        "memory",
        "KubeletHasSufficientMemory",
        "kubelet has sufficient memory available",
        "KubeletHasInsufficientMemory",
        "kubelet has insufficient memory available",
        "NodeHasSufficientMemory",
        "NodeHasInsufficientMemory"),
    DISK(
        "DiskPressure",
        "ephemeral-storage",
        "KubeletHasNoDiskPressure",
        "kubelet has no disk pressure",
        "KubeletHasDiskPressure",
        "kubelet has disk pressure",
        "NodeHasNoDiskPressure",
        "NodeHasDiskPressure"),
    PROCESSES(
        "PIDPressure",
        "pids",
        "KubeletHasSufficientPID",
        "kubelet has sufficient PID available",
        "KubeletHasInsufficientPID",
        "kubelet has insufficient PID available",
        "NodeHasSufficientPID",
        "NodeHasInsufficientPID");

    private final String type;
    private final String resource;
    private final String reasonWithout;
    private final String messageWithout;
    private final String reason;
    private final String message;
    private final String eventWithout;
    private final String event;

    Pressure(
        String type,
        String resource,
        String reasonWithout,
        String messageWithout,
        String reason,
        String message,
        String eventWithout,
        String event) {
      this.type = type;
      this.resource = resource;
      this.reasonWithout = reasonWithout;
      this.messageWithout = messageWithout;
      this.reason = reason;
      this.message = message;
      this.eventWithout = eventWithout;
      this.event = event;
    }

    String type() {
      return type;
    }
  }

  /// @param lastMet when the node was last short of it
  /// @param since when the condition became what it is
  private record State(@Nullable Instant lastMet, boolean holds, Instant since) {}

  private final Map<Pressure, State> states = new EnumMap<>(Pressure.class);

  /// Those of which the API says that they hold.
  private final Set<Pressure> told = EnumSet.noneOf(Pressure.class);

  private final Duration stays;
  private @Nullable Instant goesDown;
  private List<String> problems = List.of();
  private Instant problemsSince;

  /// What the API says that keeps the node from running pods.
  private List<String> toldProblems = List.of();

  /// @param stays how long a shortage is told after its end
  NodeConditions(Instant begin, Duration stays) {
    this.problemsSince = begin;
    this.stays = stays;
    for (Pressure each : Pressure.values()) {
      states.put(each, new State(null, false, begin));
    }
  }

  /// Notes what the node is short of now.
  ///
  /// @param shortOf resources by name
  synchronized void observe(Set<String> shortOf, Instant now) {
    for (Map.Entry<Pressure, State> each : states.entrySet()) {
      State before = each.getValue();
      @Nullable Instant met = before.lastMet();
      if (shortOf.contains(each.getKey().resource) || (met != null && met.isAfter(now))) {
        // Also after a clock went back: a pressure must not stay for as long as the jump.
        met = now;
      }
      boolean holds = met != null && now.isBefore(met.plus(stays));
      each.setValue(new State(met, holds, holds == before.holds() ? before.since() : now));
    }
  }

  /// Notes what keeps the runtime from running pods.
  ///
  /// @param found nothing when it can
  synchronized void observeRuntime(List<String> found, Instant now) {
    if (found.isEmpty() != problems.isEmpty()) {
      problemsSince = now;
    }
    problems = List.copyOf(found);
  }

  /// Whether the conditions are not as they were written, if only in words.
  synchronized boolean haveChanged() {
    return !problems.equals(toldProblems) || !untold().isEmpty();
  }

  /// The reasons of the events that tell of what has changed since the conditions were written.
  synchronized List<String> untold() {
    List<String> changes = new ArrayList<>();
    states.forEach(
        (pressure, state) -> {
          if (state.holds() != told.contains(pressure)) {
            changes.add(state.holds() ? pressure.event : pressure.eventWithout);
          }
        });
    if (problems.isEmpty() != toldProblems.isEmpty()) {
      changes.add(problems.isEmpty() ? "NodeReady" : "NodeNotReady");
    }
    return changes;
  }

  /// The node goes down, and is not ready any more.
  synchronized void goDown(Instant now) {
    goesDown = now;
  }

  /// The conditions are written as they are now.
  synchronized void told() {
    told.clear();
    toldProblems = problems;
    states.forEach(
        (pressure, state) -> {
          if (state.holds()) {
            told.add(pressure);
          }
        });
  }

  /// The types of the conditions that hold, as of `MemoryPressure`.
  synchronized List<String> pressures() {
    return states.entrySet().stream()
        .filter(each -> each.getValue().holds())
        .map(each -> each.getKey().type())
        .toList();
  }

  /// Adds all conditions, `Ready` too.
  synchronized void add(ArrayNode conditions, Instant now) {
    states.forEach(
        (pressure, state) -> {
          ObjectNode condition =
              condition(conditions, pressure.type(), state.holds(), now, state.since());
          condition.put("reason", state.holds() ? pressure.reason : pressure.reasonWithout);
          condition.put("message", state.holds() ? pressure.message : pressure.messageWithout);
        });
    @Nullable Instant down = goesDown;
    boolean isReady = down == null && problems.isEmpty();
    ObjectNode ready =
        condition(conditions, "Ready", isReady, now, down == null ? problemsSince : down);
    if (isReady) {
      ready.put("reason", "KubeletReady").put("message", "kubelet is posting ready status");
    } else {
      ready.put("reason", "KubeletNotReady");
      ready.put("message", down == null ? message() : "node is shutting down");
    }
  }

  /// Several are told as a kubelet joins them.
  private String message() {
    String all = String.join(", ", problems);
    return problems.size() > 1 ? "[" + all + "]" : all;
  }

  private static ObjectNode condition(
      ArrayNode conditions, String type, boolean holds, Instant now, Instant since) {
    ObjectNode condition = conditions.addObject();
    condition.put("type", type).put("status", holds ? "True" : "False");
    condition.put("lastHeartbeatTime", text(now)).put("lastTransitionTime", text(since));
    return condition;
  }

  private static String text(Instant time) {
    return time.truncatedTo(ChronoUnit.SECONDS).toString();
  }

  /// Whether somebody has found the node silent.
  ///
  /// @param status what is said of it
  static boolean areUnknown(JsonNode status) {
    return status
        .path("conditions")
        .valueStream()
        .anyMatch(
            each ->
                each.path("type").asText().equals("Ready")
                    && each.path("status").asText().equals("Unknown"));
  }
}
