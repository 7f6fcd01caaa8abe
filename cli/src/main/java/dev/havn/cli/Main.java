// SPDX-License-Identifier: Apache-2.0
package dev.havn.cli;

import dev.havn.server.StartException;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/// The `havn` command. Exit status 0: done, 1: failed with one clear line on standard error, 2:
/// wrong usage.
@Command(
    name = "havn",
    description = "The cloud-native platform in one process.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    subcommands = {
      UpCommand.class,
      DownCommand.class,
      ResetCommand.class,
      StatusCommand.class,
      LogsCommand.class,
      BackupCommand.class,
      RestoreCommand.class,
      ImageCommand.class,
      WhyCommand.class,
      VerifyCommand.class,
      CommandLine.HelpCommand.class,
      TrainCommand.class
    })
final class Main implements Runnable {
  @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli sets the spec before it runs the command
  private Main() {}

  public static void main(String[] arguments) {
    int status = run(arguments);
    if (System.getenv("HAVN_DETACHED") != null) {
      // The launcher reads this line from the pipe; a server that is up has closed the pipe long
      // before.
      System.out.println("havn-exit " + status);
    }
    System.out.flush();
    System.exit(status);
  }

  static int run(String... arguments) {
    return commandLine().execute(arguments);
  }

  static CommandLine commandLine() {
    return new CommandLine(new Main())
        .setExecutionExceptionHandler(Main::explain)
        .setParameterExceptionHandler(new WrongUsage())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setUsageHelpLongOptionsMaxWidth(28);
  }

  /// Without a command: what there is.
  @Override
  public void run() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "Missing command: `havn up` starts a cluster");
  }

  private static int explain(
      Exception failure, CommandLine command, CommandLine.ParseResult arguments) {
    if (failure instanceof StartException) {
      System.err.println("havn: " + failure.getMessage());
    } else {
      System.err.println(
          "havn: " + failure.getClass().getSimpleName() + ": " + failure.getMessage());
      failure.printStackTrace();
    }
    return 1;
  }
}
