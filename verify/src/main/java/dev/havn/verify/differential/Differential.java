// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import java.util.ArrayList;
import java.util.List;

/// Compares what a server answers with what a real Kubernetes has answered.
final class Differential {
  private static final int TEXT_CHARS_MAX = 4000;
  private static final int DIFFERENCES_PER_STEP_MAX = 12;

  private final Answers havn;
  private final KnownDifferences known;

  Differential(Answers havn, KnownDifferences known) {
    this.havn = havn;
    this.known = known;
  }

  /// @param where script and step
  /// @param paths what differs, readable
  record Difference(String where, Answers.Call call, List<String> paths) {
    @Override
    public String toString() {
      return where
          + "\n  "
          + call.method()
          + " "
          + call.path()
          + " "
          + call.contentType()
          + "\n  "
          + shortened(call.body())
          + "\n    "
          + String.join("\n    ", paths.stream().map(Difference::shortened).toList());
    }

    private static String shortened(String whole) {
      String text = whole.replaceAll("x{20,}", "x...");
      return text.length() <= TEXT_CHARS_MAX ? text : text.substring(0, TEXT_CHARS_MAX) + "...";
    }
  }

  /// Sends the script's requests and lists the answers that differ. After an answer that shows the
  /// two servers in different states the rest would only tell that again, so it is left out.
  List<Difference> compare(Recording.Told told) {
    Requests.Conversation conversation = new Requests.Conversation(havn);
    List<Difference> differences = new ArrayList<>();
    for (int i = 0; i < told.answers().size(); i++) {
      Script.Step step = told.script().steps().get(i);
      Answers.Answer expected = told.answers().get(i);
      Answers.Answer got = conversation.send(step.call());
      if (expected.status() == 0) {
        continue;
      }
      List<String> paths = new ArrayList<>();
      if (expected.status() != got.status()) {
        paths.add("status: expected " + expected.status() + ", got " + got.status());
      }
      paths.addAll(
          Normal.differences(
              known.blanked(Normal.of(expected.body())),
              known.blanked(Normal.of(got.body())),
              DIFFERENCES_PER_STEP_MAX));
      boolean isKnown = known.explain(told.script().name(), step, paths);
      if (!paths.isEmpty() && !isKnown) {
        differences.add(
            new Difference(told.script().name() + ": " + step.shows(), step.call(), paths));
      }
      boolean apart = !paths.isEmpty() && (expected.status() < 300 || got.status() < 300);
      if (apart && !step.call().method().equals("GET")) {
        cleanUp(conversation, told.script());
        break;
      }
    }
    return differences;
  }

  private static void cleanUp(Requests.Conversation conversation, Script script) {
    script.steps().stream()
        .filter(step -> step.shows().equals("cleanup"))
        .forEach(step -> conversation.send(step.call()));
  }
}
