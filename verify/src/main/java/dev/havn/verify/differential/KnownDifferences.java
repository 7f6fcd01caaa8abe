// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.codec.Yaml;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/// The differences that are meant, each with its reason: `known-differences.yaml`.
final class KnownDifferences {
  private final List<Known> all;

  private KnownDifferences(List<Known> all) {
    this.all = all;
  }

  /// @param request matches `KIND NUMBER: METHOD PATH BODY`
  /// @param difference matches one line of what differs
  record Known(String reason, Pattern request, Pattern difference) {}

  static KnownDifferences load() {
    try (InputStream in = KnownDifferences.class.getResourceAsStream("known-differences.yaml")) {
      if (in == null) {
        throw new AssertionError("known-differences.yaml is not on the class path");
      }
      List<Known> all = new ArrayList<>();
      for (JsonNode each : Yaml.read(in.readAllBytes()).path("differences")) {
        all.add(
            new Known(
                each.path("reason").asText(),
                Pattern.compile(each.path("request").asText(".*"), Pattern.DOTALL),
                Pattern.compile(each.path("difference").asText(".*"), Pattern.DOTALL)));
      }
      return new KnownDifferences(List.copyOf(all));
    } catch (IOException e) {
      throw new UncheckedIOException("known-differences.yaml", e);
    }
  }

  List<Known> all() {
    return all;
  }

  /// Whether every line of what differs is meant.
  boolean explain(String script, Script.Step step, List<String> lines) {
    Answers.Call call = step.call();
    String request = script + ": " + call.method() + " " + call.path() + " " + call.body();
    return lines.stream()
        .allMatch(
            line ->
                all.stream()
                    .anyMatch(
                        each ->
                            each.request().matcher(request).find()
                                && each.difference().matcher(line).find()));
  }
}
