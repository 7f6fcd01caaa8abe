// SPDX-License-Identifier: Apache-2.0
package dev.havn.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Why something was denied: the rule that comes nearest to allowing it, and what it lacks.
@Command(
    description = "Says why something was denied.",
    customSynopsis =
        "havn why user USER may not VERB RESOURCE[/SUBRESOURCE] [NAME] [-n NAMESPACE] [--group GROUP]...",
    mixinStandardHelpOptions = true)
@SuppressWarnings("NullAway.Init") // picocli sets the fields before it calls the command
final class WhyCommand implements Callable<Integer> {
  private static final int WORDS_MIN = 6;
  private static final int WORDS_MAX = 7;

  @CommandLine.Spec private CommandLine.Model.CommandSpec spec;
  @Mixin private DataDirectoryOption directory;
  @Mixin private OutputOption output;

  @Option(
      names = {"-n", "--namespace"},
      description = "Where it was tried (default: at the cluster scope).")
  private String namespace = "";

  @Option(
      names = "--group",
      description = "A group that the user is in, besides those that everybody is in.")
  private List<String> groups = List.of();

  @Parameters(
      paramLabel = "WORD",
      description = "user USER may not VERB RESOURCE, such as: user jane may not delete pods")
  private List<String> words = List.of();

  @Override
  public Integer call() {
    boolean sentence =
        words.size() >= WORDS_MIN
            && words.size() <= WORDS_MAX
            && words.getFirst().equals("user")
            && words.get(2).equals("may")
            && words.get(3).equals("not");
    if (!sentence) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "expected: user USER may not VERB RESOURCE [NAME] [-n NAMESPACE]");
    }
    ObjectNode question = JsonNodeFactory.instance.objectNode();
    question.put("user", words.get(1)).put("verb", words.get(4)).put("resource", words.get(5));
    question.put("name", words.size() == WORDS_MAX ? words.get(6) : "");
    question.put("namespace", namespace);
    groups.forEach(question.putArray("groups")::add);
    JsonNode answer = directory.ask("why", question);
    System.out.println(
        output.json()
            ? answer.toPrettyString()
            : answer.path("verdict").asText() + "\n  " + answer.path("reason").asText());
    return 0;
  }
}
