// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Runs scripts against two API servers and lists where their answers differ.
final class Differential {
  private static final int DIFFERENCES_PER_STEP_MAX = 12;

  private final Endpoint real;
  private final Endpoint havn;

  Differential(Endpoint real, Endpoint havn) {
    this.real = real;
    this.havn = havn;
  }

  /// @param where script and step
  /// @param paths what differs, readable
  record Difference(String where, Endpoint.Call call, List<String> paths) {
    @Override
    public String toString() {
      return where
          + " ("
          + call.method()
          + " "
          + call.path()
          + ")\n    "
          + String.join("\n    ", paths);
    }
  }

  List<Difference> run(Script script) {
    List<Difference> differences = new ArrayList<>();
    for (Script.Step step : script.steps()) {
      Endpoint.Answer expected = real.send(step.call());
      Endpoint.Answer got = havn.send(step.call());
      List<String> paths = new ArrayList<>();
      if (expected.status() != got.status()) {
        paths.add("status: expected " + expected.status() + ", got " + got.status());
      }
      JsonNode one = Normal.of(expected.body());
      JsonNode other = Normal.of(got.body());
      paths.addAll(Normal.differences(one, other, DIFFERENCES_PER_STEP_MAX));
      if (!paths.isEmpty()) {
        differences.add(new Difference(script.name() + ": " + step.shows(), step.call(), paths));
      }
    }
    return differences;
  }

  /// `Differential REAL-KUBECONFIG HAVN-KUBECONFIG NAMESPACE SCRIPT...`: prints what differs; exit
  /// status 1 when something does.
  public static void main(String[] arguments) {
    if (arguments.length < 4) {
      System.err.println("usage: REAL-KUBECONFIG HAVN-KUBECONFIG NAMESPACE SCRIPT...");
      System.exit(2);
    }
    int different = 0;
    int steps = 0;
    try (Endpoint real = Endpoint.of("kubernetes", Path.of(arguments[0]));
        Endpoint havn = Endpoint.of("havn", Path.of(arguments[1]))) {
      Differential differential = new Differential(real, havn);
      for (int i = 3; i < arguments.length; i++) {
        Script script = Script.read(Path.of(arguments[i]), arguments[2]);
        List<Difference> differences = differential.run(script);
        differences.forEach(System.out::println);
        different += differences.size();
        steps += script.steps().size();
      }
    }
    System.out.println(steps + " requests, " + different + " answered differently");
    System.exit(different == 0 ? 0 : 1);
  }
}
