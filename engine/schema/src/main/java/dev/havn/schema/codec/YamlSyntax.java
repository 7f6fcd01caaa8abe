// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.codec;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.ParserException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/// What is wrong with a text that is no YAML, in the words of go-yaml as far as both parsers find
/// the same: `yaml: line 3: mapping values are not allowed in this context`.
final class YamlSyntax {
  /// go-yaml's words by the beginning of ours.
  private static final Map<String, String> WORDS =
      Map.of(
          "mapping values are not allowed here", "mapping values are not allowed in this context",
          "expected ',' or ']'", "did not find expected ',' or ']'",
          "expected ',' or '}'", "did not find expected ',' or '}'",
          "expected the node content", "did not find expected node content",
          "expected <block end>", "did not find expected key",
          "expected '<document start>'", "did not find expected <document start>",
          "could not find expected ':'", "could not find expected ':'",
          "found unexpected end of stream", "found unexpected end of stream",
          "found character '\\t(TAB)'", "found character that cannot start any token");

  private YamlSyntax() {}

  /// The end of a text stands on a line of its own for go-yaml.
  private static int lineOf(Mark mark) {
    boolean atEnd =
        mark.getPointer() >= mark.getBuffer().length || mark.getBuffer()[mark.getPointer()] == 0;
    return atEnd && mark.getColumn() != 0 ? mark.getLine() + 1 : mark.getLine();
  }

  static String problem(YamlEngineException error) {
    if (!(error instanceof MarkedYamlEngineException marked)) {
      return "yaml: " + String.valueOf(error.getMessage()).lines().findFirst().orElse("");
    }
    String problem = String.valueOf(marked.getProblem());
    String words =
        WORDS.entrySet().stream()
            .filter(each -> problem.startsWith(each.getKey()))
            .map(Map.Entry::getValue)
            .findFirst()
            .orElse(problem);
    // Lines count from 0 here; go-yaml counts from 1, but for the parser (not the scanner) it
    // forgets to, and a line 0 it takes for none.
    @Nullable Mark mark = marked.getProblemMark().orElse(null);
    int line = 0;
    if (mark != null && error instanceof ParserException) {
      line = lineOf(mark);
    } else if (mark != null && mark.getLine() > 0) {
      line = mark.getLine() + 1;
    }
    return line == 0 ? "yaml: " + words : "yaml: line " + line + ": " + words;
  }
}
