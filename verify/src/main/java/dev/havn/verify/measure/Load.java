// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.measure;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The same load on every target, by the tool `apiload`: some rounds, the targets taking turns in
/// each, the best of every figure kept.
record Load(Path apiload, int objects) {
  private static final int ROUNDS = 3;

  /// One figure of the load.
  ///
  /// @param field of apiload's answer
  /// @param more whether more of it is better
  private record Part(String name, String unit, String field, boolean more, List<String> command) {}

  private List<Part> parts() {
    String n = String.valueOf(objects);
    return List.of(
        part("events to 1,000 watchers", "/s", "per_second", true, "watch -w 1000 -events 100"),
        part("create ConfigMaps, 64 workers", "/s", "per_second", true, "create -n " + n),
        part("get, 64 workers", "/s", "per_second", true, "get -d 3s -n " + n),
        part("create pods, 64 workers", "/s", "per_second", true, "create -kind pod -n " + n),
        part("list " + n + " pods, p50", "ms", "p50_ms", false, "list -kind pod -n 7"));
  }

  private static Part part(String name, String unit, String field, boolean more, String command) {
    return new Part(name, unit, field, more, List.of(command.split(" ")));
  }

  /// Measures all parts on targets that are up; each is as it was afterwards.
  ///
  /// @param figures gets one for each part, with what each target reached
  void run(List<Target> targets, List<Figure> figures) {
    Map<String, Figure> best = new LinkedHashMap<>();
    for (int round = 1; round <= ROUNDS; round++) {
      for (Target target : targets) {
        System.err.println("round " + round + " of " + ROUNDS + ": " + target.name());
        // The watched object is as old as the last round: without an update, all writes since then
        // would be told to every watcher.
        call(target, List.of("watch", "-w", "1", "-events", "1"));
        for (Part part : parts()) {
          JsonNode answer = call(target, part.command());
          if (answer.path("errors").asLong() > 0 || answer.path("missing").asLong() > 0) {
            throw new IllegalStateException(target.name() + ", " + part.name() + ": " + answer);
          }
          double value = answer.path(part.field()).asDouble();
          best.computeIfAbsent(part.name(), _ -> added(figures, part)).add(target.name(), value);
        }
        String n = String.valueOf(objects);
        call(target, List.of("delete", "-kind", "pod", "-n", n));
        call(target, List.of("delete", "-n", n));
      }
    }
  }

  private static Figure added(List<Figure> figures, Part part) {
    Figure figure = new Figure(part.name(), part.unit(), part.more());
    figures.add(figure);
    return figure;
  }

  private JsonNode call(Target target, List<String> arguments) {
    List<String> command = new ArrayList<>(List.of(apiload.toString()));
    command.addAll(arguments);
    command.addAll(List.of("-kubeconfig", target.kubeconfig().toString()));
    try {
      return new ObjectMapper().readTree(Program.run(Map.of(), command));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("apiload's answer", e);
    }
  }
}
