// SPDX-License-Identifier: Apache-2.0
package dev.havn.cli;

import dev.havn.server.StartException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Stands in the list of commands; the launcher in a checkout runs the tests itself.
@Command(description = "Runs the tests (in a checkout).", mixinStandardHelpOptions = true)
final class VerifyCommand implements Callable<Integer> {
  @Option(names = "--full", description = "The long ones too; results stay in verify/results.")
  private boolean full;

  @Override
  public Integer call() {
    throw new StartException(
        "the tests are part of a checkout: run `./havn verify%s` there"
            .formatted(full ? " --full" : ""));
  }
}
