// SPDX-License-Identifier: Apache-2.0
package dev.havn.cli;

import dev.havn.server.Training;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/// Runs clusters under some load, for the launcher to record what a start uses.
@Command(hidden = true)
final class TrainCommand implements Callable<Integer> {
  @Override
  public Integer call() {
    // Reading the options of `up` is a part of every start.
    var unused = Main.commandLine("up").parseArgs("up");
    Training.run();
    return 0;
  }
}
