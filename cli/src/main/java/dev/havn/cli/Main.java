// SPDX-License-Identifier: Apache-2.0
package dev.havn.cli;

import dev.havn.server.StartException;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/// The `havn` command. Exit status 0: done, 1: failed with one clear line on standard error, 2:
/// wrong usage.
@Command(
    name = "havn",
    description = "The cloud-native platform in one process.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class Main implements Runnable {
  private static final Map<String, Class<?>> COMMANDS = new LinkedHashMap<>();

  static {
    COMMANDS.put("up", UpCommand.class);
    COMMANDS.put("down", DownCommand.class);
    COMMANDS.put("restart", RestartCommand.class);
    COMMANDS.put("reset", ResetCommand.class);
    COMMANDS.put("status", StatusCommand.class);
    COMMANDS.put("logs", LogsCommand.class);
    COMMANDS.put("backup", BackupCommand.class);
    COMMANDS.put("restore", RestoreCommand.class);
    COMMANDS.put("token", TokenCommand.class);
    COMMANDS.put("join", JoinCommand.class);
    COMMANDS.put("image", ImageCommand.class);
    COMMANDS.put("why", WhyCommand.class);
    COMMANDS.put("scheduler", SchedulerCommand.class);
    COMMANDS.put("verify", VerifyCommand.class);
    COMMANDS.put("help", CommandLine.HelpCommand.class);
    COMMANDS.put("train", TrainCommand.class);
  }

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
    return commandLine(arguments).execute(arguments);
  }

  /// What reads these arguments. When they begin with a command it knows no other one, since
  /// reading the options of all of them takes a tenth of a start.
  static CommandLine commandLine(String... arguments) {
    CommandLine command = new CommandLine(new Main());
    Class<?> asked = arguments.length == 0 ? null : COMMANDS.get(arguments[0]);
    if (asked == null || asked == CommandLine.HelpCommand.class) {
      COMMANDS.forEach(command::addSubcommand);
    } else {
      command.addSubcommand(arguments[0], asked);
    }
    return command
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
    for (Throwable each : failure.getSuppressed()) {
      System.err.println("havn: besides: " + each.getMessage());
    }
    return 1;
  }
}
