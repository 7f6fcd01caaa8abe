// SPDX-License-Identifier: Apache-2.0
package dev.havn.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.havn.server.ControlSocket;
import dev.havn.server.DataDirectory;
import dev.havn.server.Havn;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// Stops a cluster with its pods. After a server was killed it removes what that one left behind.
@Command(
    name = "down",
    description = "Stops the cluster and its pods; the data stay.",
    mixinStandardHelpOptions = true)
@SuppressWarnings("NullAway.Init") // picocli sets the fields before it calls the command
final class DownCommand implements Callable<Integer> {
  @Mixin private DataDirectoryOption directory;

  @Override
  public Integer call() {
    System.out.println(stop(directory) ? "Havn is down." : "Havn was not running.");
    return 0;
  }

  /// Whether there was a server to stop.
  static boolean stop(DataDirectoryOption directory) {
    boolean running = directory.isRunning();
    if (running) {
      ControlSocket.ask(
          DataDirectory.controlSocket(directory.path()),
          "down",
          JsonNodeFactory.instance.objectNode());
    } else {
      Havn.removeLeftovers(directory.path());
    }
    return running;
  }
}
