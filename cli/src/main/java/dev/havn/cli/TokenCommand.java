// SPDX-License-Identifier: Apache-2.0
package dev.havn.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Tokens with which nodes of other machines join.
@Command(
    description = "Makes, lists and deletes tokens with which nodes join.",
    mixinStandardHelpOptions = true)
@SuppressWarnings("NullAway.Init") // picocli sets the fields before it calls the command
final class TokenCommand implements Runnable {
  private static final Pattern TIME = Pattern.compile("([1-9][0-9]{0,5})([smhd])");

  @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

  @Override
  public void run() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "Missing command: create, list or delete");
  }

  @Command(
      description = "Makes a token and prints the command that joins with it.",
      mixinStandardHelpOptions = true)
  int create(
      @Mixin DataDirectoryOption directory,
      @Mixin OutputOption output,
      @Option(
              names = "--ttl",
              paramLabel = "TIME",
              defaultValue = "24h",
              description = "How long it is good, such as 30m, 24h or 7d (24h).")
          String lifetime,
      @Option(
              names = "--server",
              paramLabel = "ADDR:PORT",
              defaultValue = "",
              description = "Where nodes find the API (default: where it listens).")
          String server) {
    ObjectNode arguments = JsonNodeFactory.instance.objectNode();
    arguments.put("seconds", seconds(lifetime).toSeconds()).put("server", server);
    if (!server.isEmpty() && !server.matches("([A-Za-z0-9.-]+|\\[[0-9a-fA-F:.]+]):[0-9]{1,5}")) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "--server must be an address and a port, not '" + server + "'");
    }
    JsonNode made = directory.ask("token create", arguments);
    System.out.println(
        output.json()
            ? made.toPrettyString()
            : "havn join %s --token %s --ca-hash %s"
                .formatted(
                    made.path("server").asText(),
                    made.path("token").asText(),
                    made.path("caHash").asText()));
    return 0;
  }

  private Duration seconds(String text) {
    Matcher time = TIME.matcher(text);
    if (!time.matches()) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "--ttl must be a time such as 30m, 24h or 7d, not '" + text + "'");
    }
    long number = Long.parseLong(time.group(1));
    return switch (time.group(2)) {
      case "s" -> Duration.ofSeconds(number);
      case "m" -> Duration.ofMinutes(number);
      case "h" -> Duration.ofHours(number);
      default -> Duration.ofDays(number);
    };
  }

  @Command(
      name = "list",
      aliases = "ls",
      description = "Lists the tokens, without their secrets.",
      mixinStandardHelpOptions = true)
  int list(@Mixin DataDirectoryOption directory, @Mixin OutputOption output) {
    JsonNode tokens = directory.ask("token list", JsonNodeFactory.instance.objectNode());
    if (output.json()) {
      System.out.println(tokens.toPrettyString());
      return 0;
    }
    for (JsonNode token : tokens) {
      System.out.printf(
          "%s  until %s  %s%n",
          token.path("id").asText(),
          token.path("expires").asText("for ever"),
          token.path("description").asText());
    }
    return 0;
  }

  @Command(
      name = "delete",
      aliases = "rm",
      description = "Deletes tokens: nobody joins with them any more.",
      mixinStandardHelpOptions = true)
  int delete(
      @Mixin DataDirectoryOption directory,
      @Mixin OutputOption output,
      @Parameters(paramLabel = "ID", arity = "1..*", description = "As `havn token list` shows it.")
          List<String> ids) {
    for (String id : ids) {
      JsonNode deleted =
          directory.ask("token delete", JsonNodeFactory.instance.objectNode().put("id", id));
      System.out.println(
          output.json() ? deleted.toPrettyString() : "Deleted " + deleted.path("id").asText());
    }
    return 0;
  }
}
