// SPDX-License-Identifier: Apache-2.0
package dev.havn.cli;

import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/// Says in one line what was wrong with the words of a command and in another where the right ones
/// stand: a whole page of options would push the first out of sight.
final class WrongUsage implements CommandLine.IParameterExceptionHandler {
  /// What tools like this one call the same thing.
  private static final Map<String, String> ELSEWHERE =
      Map.ofEntries(
          Map.entry("start", "havn up"),
          Map.entry("create", "havn up"),
          Map.entry("run", "havn up"),
          Map.entry("stop", "havn down"),
          Map.entry("delete", "havn reset"),
          Map.entry("destroy", "havn reset"),
          Map.entry("ps", "havn status"),
          Map.entry("info", "havn status"),
          Map.entry("version", "havn --version"),
          Map.entry("images", "havn image list"),
          Map.entry("load", "havn image load"),
          Map.entry("test", "havn verify"),
          Map.entry("get", "kubectl get"),
          Map.entry("apply", "kubectl apply"),
          Map.entry("describe", "kubectl describe"),
          Map.entry("exec", "kubectl exec"));

  @Override
  public int handleParseException(CommandLine.ParameterException wrong, String[] arguments) {
    CommandSpec command = wrong.getCommandLine().getCommandSpec();
    PrintWriter errors = wrong.getCommandLine().getErr();
    @Nullable String word = unknownCommand(wrong);
    if (word == null) {
      errors.println("havn: " + wrong.getMessage());
    } else {
      @Nullable String meant = meant(word, wrong);
      errors.println(
          "havn: there is no command '%s'%s"
              .formatted(word, meant == null ? "" : ": is `" + meant + "` meant?"));
    }
    errors.println("`" + command.qualifiedName() + " --help` shows what there is.");
    errors.flush();
    return command.exitCodeOnInvalidInput();
  }

  /// The word that stands where a command should, or null when something else is wrong.
  private static @Nullable String unknownCommand(CommandLine.ParameterException wrong) {
    if (wrong instanceof CommandLine.UnmatchedArgumentException unmatched
        && !unmatched.isUnknownOption()
        && !wrong.getCommandLine().getSubcommands().isEmpty()) {
      return unmatched.getUnmatched().getFirst();
    }
    return null;
  }

  private static @Nullable String meant(String word, CommandLine.ParameterException wrong) {
    @Nullable String elsewhere = ELSEWHERE.get(word);
    if (elsewhere != null) {
      return elsewhere;
    }
    List<String> alike = ((CommandLine.UnmatchedArgumentException) wrong).getSuggestions();
    return alike.isEmpty() ? null : "havn " + alike.getFirst();
  }
}
