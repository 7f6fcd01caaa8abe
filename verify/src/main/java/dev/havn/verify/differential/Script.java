// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// A list of requests, written down as text:
///
/// ```
/// # a comment
/// ### what the next request shows
/// POST /api/v1/namespaces/{ns}/configmaps application/json
/// {"metadata": {"name": "a"}}
/// ```
///
/// The body runs to the next line that begins with `###`. `{ns}` is a namespace of the run's own.
record Script(String name, List<Step> steps) {

  /// @param shows the words after `###`
  record Step(String shows, Answers.Call call) {}

  static Script read(Path file, String namespace) {
    try {
      return parse(
          String.valueOf(file.getFileName()),
          Files.readString(file).replace("{ns}", namespace).lines().toList());
    } catch (IOException e) {
      throw new UncheckedIOException(file.toString(), e);
    }
  }

  private static Script parse(String name, List<String> lines) {
    List<Step> steps = new ArrayList<>();
    String shows = "";
    List<String> block = new ArrayList<>();
    for (String line : lines) {
      if (line.startsWith("### ")) {
        addStep(steps, shows, block);
        block.clear();
        shows = line.substring(4).strip();
      } else if (!line.startsWith("# ")) {
        block.add(line);
      }
    }
    addStep(steps, shows, block);
    return new Script(name, steps);
  }

  private static void addStep(List<Step> steps, String shows, List<String> block) {
    List<String> text = block.stream().dropWhile(String::isBlank).toList();
    if (text.isEmpty()) {
      return;
    }
    String[] head = text.getFirst().strip().split("\\s+");
    if (head.length < 2) {
      throw new IllegalArgumentException("'" + text.getFirst() + "' is no METHOD PATH [TYPE]");
    }
    String body = String.join("\n", text.subList(1, text.size())).strip();
    String type = head.length > 2 ? head[2] : "application/json";
    steps.add(new Step(shows, new Answers.Call(head[0], head[1], type, body)));
  }
}
