// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.door;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Lets connections in until a door is closed, in a task of its own. A machine without room for
/// another connection says so at once and again and again; it is asked anew only after a pause.
public record Doorman(
    ServerSocket door, ScheduledExecutorService executor, Consumer<Socket> guests) {
  private static final Logger LOG = LoggerFactory.getLogger(Doorman.class);
  private static final int PAUSE_MILLIS = 100;

  /// @param guests takes each connection; does not wait
  public static void open(
      ServerSocket door, ScheduledExecutorService executor, Consumer<Socket> guests) {
    executor.execute(new Doorman(door, executor, guests)::letIn);
  }

  private void letIn() {
    while (!door.isClosed()) {
      try {
        guests.accept(door.accept());
      } catch (IOException e) {
        if (!door.isClosed()) {
          LOG.debug("nobody is let in at {}: {}", door, e.getMessage());
          var unused = executor.schedule(this::letIn, PAUSE_MILLIS, TimeUnit.MILLISECONDS);
        }
        return;
      }
    }
  }
}
