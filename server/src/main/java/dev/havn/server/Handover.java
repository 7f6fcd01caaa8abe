// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.havn.network.dns.NameServer;
import dev.havn.network.dns.Predecessor;
import dev.havn.reconcile.RealTime;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What a server that is followed by another one leaves running: the cluster's name server. It
/// answers until that of the next server does, which says so at a socket in the data directory.
///
/// | Command | Answer |
/// |---|---|
/// | `let in` | `port`, at which another one may listen from now on |
/// | `relieve` | the other one listens: this one answers what it has got, and ends |
/// | `end` | nobody comes: it ends at once |
final class Handover implements ControlSocket.Commands, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Handover.class);

  /// Who starts again needs a second or two; who does not has failed.
  private static final Duration FOLLOWED_WITHIN = Duration.ofSeconds(60);

  /// Long enough for questions that other name servers are asked, and for connections.
  private static final Duration LINGERS = Duration.ofSeconds(5);

  /// Clients ask as soon as they are connected.
  private static final Duration FINISHES_WITHIN = Duration.ofSeconds(2);

  private static final Duration ANSWERS_WITHIN = Duration.ofSeconds(5);

  private final NameServer names;
  private final RealTime answering;
  private final CountDownLatch followed = new CountDownLatch(1);
  private final CountDownLatch ended = new CountDownLatch(1);

  /// @param answering runs `names`, and ends with them
  Handover(NameServer names, RealTime answering) {
    this.names = names;
    this.answering = answering;
  }

  private static Path socket(Path dataDirectory) {
    return dataDirectory.resolve("handover.sock");
  }

  /// Waits at the socket, before the data directory is another's.
  ControlSocket open(Path dataDirectory) {
    return ControlSocket.open(socket(dataDirectory), this);
  }

  @Override
  public JsonNode answer(String command, JsonNode arguments) {
    switch (command) {
      case "let in" -> {
        try {
          names.share();
        } catch (IOException e) {
          throw new StartException("the name server is not shared: " + e.getMessage(), e);
        }
        return JsonNodeFactory.instance.objectNode().put("port", names.port());
      }
      case "relieve" -> followed.countDown();
      case "end" -> {
        ended.countDown();
        followed.countDown();
      }
      default -> throw new StartException("unknown command '" + command + "'");
    }
    return JsonNodeFactory.instance.objectNode();
  }

  /// Waits until nobody needs the name server any more, and ends it.
  void awaitEnd(ControlSocket socket) {
    try {
      boolean isFollowed = followed.await(FOLLOWED_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
      socket.close();
      if (isFollowed) {
        boolean unused = ended.await(LINGERS.toMillis(), TimeUnit.MILLISECONDS);
        names.finish(FINISHES_WITHIN);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      close();
    }
  }

  @Override
  public void close() {
    names.close();
    answering.shutdownNow();
  }

  /// The server before the one that starts now.
  static Predecessor before(Path dataDirectory) {
    Path socket = socket(dataDirectory);
    return Files.exists(socket) ? new AtSocket(socket) : Predecessor.NONE;
  }

  /// Ends one that still waits to be followed.
  ///
  /// @return whether there was one
  static boolean end(Path dataDirectory) {
    Path socket = socket(dataDirectory);
    if (!Files.exists(socket)) {
      return false;
    }
    try {
      JsonNode unused = ask(socket, "end");
      return true;
    } catch (StartException killed) {
      LOG.debug("nobody waits at {}: {}", socket, killed.getMessage());
      remove(socket);
      return false;
    }
  }

  private static void remove(Path socket) {
    try {
      Files.deleteIfExists(socket);
    } catch (IOException e) {
      throw new UncheckedIOException("removing " + socket, e);
    }
  }

  private static JsonNode ask(Path socket, String command) {
    return ControlSocket.ask(
        socket, command, JsonNodeFactory.instance.objectNode(), ANSWERS_WITHIN);
  }

  private record AtSocket(Path socket) implements Predecessor {
    @Override
    public int letIn() throws IOException {
      try {
        return ask(socket, "let in").path("port").asInt();
      } catch (StartException killed) {
        remove(socket);
        throw new IOException(killed.getMessage(), killed);
      }
    }

    @Override
    public void relieve() {
      try {
        JsonNode unused = ask(socket, "relieve");
      } catch (StartException gone) {
        LOG.info("the server before this one has ended early: {}", gone.getMessage());
      }
    }
  }
}
