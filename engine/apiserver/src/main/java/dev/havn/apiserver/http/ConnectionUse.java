// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

import io.netty.channel.Channel;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/// What goes on on a connection: one that nobody asks anything on is closed, so is one whose
/// answers nobody reads, and one on which more is handled than its streams explain, because they
/// are begun and given up all the time, too. Runs on the connection's event loop, but for the
/// handlers' count.
final class ConnectionUse {
  private static final int LOOKS_WHILE_IDLE = 3;
  private static final int HANDLERS_MAX = 1_024;

  private final Channel connection;
  private final Duration idle;
  private final AtomicInteger handlers = new AtomicInteger();
  private final Set<HttpExchanges> answering = new LinkedHashSet<>();
  private int requests;
  private int idleLooks;

  ConnectionUse(Channel connection, Duration idle) {
    this.connection = connection;
    this.idle = idle;
    lookLater();
  }

  private void lookLater() {
    var unused =
        connection
            .eventLoop()
            .schedule(this::look, idle.toMillis() / LOOKS_WHILE_IDLE, TimeUnit.MILLISECONDS);
  }

  private void look() {
    if (!connection.isActive()) {
      return;
    }
    List.copyOf(answering).forEach(each -> each.look(LOOKS_WHILE_IDLE));
    idleLooks = requests > 0 ? 0 : idleLooks + 1;
    if (idleLooks > LOOKS_WHILE_IDLE) {
      connection.close();
    } else {
      lookLater();
    }
  }

  /// A request, or a stream that will carry one, has begun.
  void begin() {
    requests++;
    idleLooks = 0;
  }

  /// A request is being answered from here on ...
  void answering(HttpExchanges exchange) {
    answering.add(exchange);
  }

  /// ... until here.
  void answered(HttpExchanges exchange) {
    answering.remove(exchange);
  }

  void end() {
    requests--;
    idleLooks = 0;
  }

  /// @return whether it may be handled; if not the connection ends
  boolean handle() {
    if (handlers.incrementAndGet() <= HANDLERS_MAX) {
      return true;
    }
    connection.close();
    return false;
  }

  void handled() {
    handlers.decrementAndGet();
  }
}
