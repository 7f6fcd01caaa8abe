// SPDX-License-Identifier: Apache-2.0
package dev.havn.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Why something was denied: the rule that comes nearest to allowing it, and what it lacks; or
/// which rules of NetworkPolicies decide on a connection.
@Command(
    description = "Says why something is denied.",
    customSynopsis = {
      "havn why user USER may not VERB RESOURCE[/SUBRESOURCE] [NAME] [-n NAMESPACE] [--group GROUP]...",
      "havn why connection FROM TO:PORT[/PROTOCOL] [-n NAMESPACE] [-f POLICY]"
    },
    mixinStandardHelpOptions = true)
@SuppressWarnings("NullAway.Init") // picocli sets the fields before it calls the command
final class WhyCommand implements Callable<Integer> {
  private static final int WORDS_MIN = 6;
  private static final int WORDS_MAX = 7;
  private static final int CONNECTION_WORDS = 3;
  private static final Pattern TARGET = Pattern.compile("(.+):([0-9]{1,5})(?:/(tcp|udp|sctp))?");

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
      description = "user USER may not VERB RESOURCE, or connection FROM TO:PORT")
  private List<String> words = List.of();

  @Option(
      names = {"-f", "--filename"},
      description = "A NetworkPolicy that is not applied yet, as if it were.")
  private @Nullable Path policy;

  @Override
  public Integer call() {
    return print(
        directory.ask(
            "why",
            !words.isEmpty() && words.getFirst().equals("connection")
                ? connection()
                : permission()));
  }

  private ObjectNode connection() {
    Matcher target = TARGET.matcher(words.size() == CONNECTION_WORDS ? words.get(2) : "");
    if (!target.matches()) {
      throw new CommandLine.ParameterException(
          spec.commandLine(),
          "expected: connection FROM TO:PORT, such as: connection shop/web db-0:5432 -n shop");
    }
    ObjectNode question = JsonNodeFactory.instance.objectNode();
    question.put("from", words.get(1)).put("to", target.group(1).replaceAll("^\\[(.*)]$", "$1"));
    question.put("port", Integer.parseInt(target.group(2)));
    question.put("protocol", target.group(3) == null ? "tcp" : target.group(3));
    question.put("namespace", namespace.isEmpty() ? "default" : namespace);
    return question.put("file", policy == null ? "" : policy.toAbsolutePath().toString());
  }

  private int print(JsonNode answer) {
    System.out.println(
        output.json()
            ? answer.toPrettyString()
            : answer.path("verdict").asText() + "\n  " + answer.path("reason").asText());
    return 0;
  }

  private ObjectNode permission() {
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
    return question;
  }
}
