// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.dns;

import dev.havn.network.door.Doorman;
import dev.havn.network.door.Shares;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The doors of the name server, UDP and TCP at one address.
///
/// One task reads datagrams and answers those that need no other server itself; each other one, and
/// each connection, has a task of its own.
///
/// A second one can be opened at the same address while the first is still there, also by another
/// process of the same user: Linux gives datagrams to the one that was bound last, so none is lost
/// between them when the first reads what it has got and goes. Connections come to either.
public final class NameServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(NameServer.class);

  /// At which Services have it.
  static final int PORT = 53;

  private static final int ROOTS_PORT_MAX = 1_023;
  private static final int TRIES_MAX = 20;
  private static final int DATAGRAM_BYTES_MAX = 4_096;
  private static final int BUFFER_BYTES = 1 << 20;
  private static final int CONNECTIONS_MAX = 200;
  private static final int QUESTIONS_MAX = 1_000;

  /// What one client may hold: others must find room beside it.
  static final int CONNECTIONS_OF_ONE_MAX = 50;

  static final int PENDING_OF_ONE_MAX = 250;
  private static final int PENDING_MAX = 1_000;
  private static final int IDLE_MILLIS = 10_000;
  private static final int BACKLOG = 128;
  private static final Path MOVES = Path.of("/proc/sys/net/ipv4/tcp_migrate_req");

  private final Resolver resolver;
  private final ScheduledExecutorService executor;
  private final DatagramChannel datagrams;
  private final ServerSocket streams;
  private final Shares pending = new Shares(PENDING_MAX, PENDING_OF_ONE_MAX);
  private final Shares connections = new Shares(CONNECTIONS_MAX, CONNECTIONS_OF_ONE_MAX);

  private NameServer(
      Resolver resolver,
      ScheduledExecutorService executor,
      DatagramChannel datagrams,
      ServerSocket streams) {
    this.resolver = resolver;
    this.executor = executor;
    this.datagrams = datagrams;
    this.streams = streams;
  }

  /// Listens at the usual port, or at another one when something of the machine has that: whoever
  /// asks the Service does not see it. While no Havn runs pods still ask there, so it is one that
  /// no program but root's may take.
  static NameServer open(String address, Resolver resolver, ScheduledExecutorService executor)
      throws IOException {
    try {
      return open(address, PORT, resolver, executor);
    } catch (IOException taken) {
      LOG.info("port {} of {} is taken, another is used", PORT, address);
    }
    for (int port = ROOTS_PORT_MAX; port > ROOTS_PORT_MAX - TRIES_MAX; port--) {
      try {
        return open(address, port, resolver, executor);
      } catch (IOException e) {
        LOG.debug("port {} of {}: {}", port, address, e.getMessage());
      }
    }
    return open(address, 0, resolver, executor);
  }

  /// @param port 0 for a free one
  /// @throws IOException when the port is taken
  static NameServer open(
      String address, int port, Resolver resolver, ScheduledExecutorService executor)
      throws IOException {
    return open(
        new InetSocketAddress(InetAddress.ofLiteral(address), port), false, resolver, executor);
  }

  /// Takes over from another one, which [shares][#share()] its address.
  ///
  /// @throws IOException when it does not, or the port is another program's
  static NameServer beside(
      String address, int port, Resolver resolver, ScheduledExecutorService executor)
      throws IOException {
    return open(
        new InetSocketAddress(InetAddress.ofLiteral(address), port), true, resolver, executor);
  }

  private static NameServer open(
      InetSocketAddress at, boolean beside, Resolver resolver, ScheduledExecutorService executor)
      throws IOException {
    ServerSocket streams = new ServerSocket();
    @Nullable DatagramChannel datagrams = null;
    try {
      streams.setReuseAddress(true);
      streams.setOption(StandardSocketOptions.SO_REUSEPORT, true);
      streams.bind(at, BACKLOG);
      datagrams = DatagramChannel.open();
      datagrams.setOption(StandardSocketOptions.SO_RCVBUF, BUFFER_BYTES);
      datagrams.setOption(StandardSocketOptions.SO_REUSEADDR, beside);
      datagrams.bind(new InetSocketAddress(at.getAddress(), streams.getLocalPort()));
      // From here on nobody else gets in.
      datagrams.setOption(StandardSocketOptions.SO_REUSEADDR, false);
    } catch (IOException e) {
      streams.close();
      if (datagrams != null) {
        datagrams.close();
      }
      throw e;
    }
    NameServer server = new NameServer(resolver, executor, datagrams, streams);
    executor.execute(server::readDatagrams);
    Doorman.open(streams, executor, server::letIn);
    return server;
  }

  public int port() {
    return streams.getLocalPort();
  }

  /// Lets another one in at the same address. It is asked for just before that one comes: until
  /// then, whoever may bind the port could take the questions.
  public void share() throws IOException {
    datagrams.setOption(StandardSocketOptions.SO_REUSEADDR, true);
  }

  private void readDatagrams() {
    ByteBuffer buffer = ByteBuffer.allocateDirect(DATAGRAM_BYTES_MAX);
    while (datagrams.isOpen()) {
      try {
        buffer.clear();
        if (datagrams.receive(buffer) instanceof InetSocketAddress client) {
          byte[] message = new byte[buffer.flip().remaining()];
          buffer.get(message);
          answer(message, client);
        }
      } catch (ClosedChannelException closing) {
        return;
      } catch (IOException | RuntimeException e) {
        LOG.debug("a datagram is not answered: {}", e.toString());
      }
    }
  }

  private void answer(byte[] message, InetSocketAddress client) throws IOException {
    long began = resolver.traffic().now();
    Optional<Question> question = Question.parse(message);
    if (question.isEmpty()) {
      if (message.length >= Question.HEADER && (message[2] & 0x80) == 0) {
        send(resolver.refuse(message), client, Traffic.NO_TYPE, began);
      }
      return;
    }
    Question asked = question.get();
    Optional<byte[]> known = resolver.known(asked, asked.bytesMax());
    if (known.isPresent()) {
      send(known.get(), client, asked.type(), began);
      return;
    }
    if (!pending.take(client.getAddress())) {
      send(Wire.refusal(message, Answer.REFUSED), client, asked.type(), began);
      return;
    }
    executor.execute(
        () -> {
          try {
            send(resolver.unknown(asked, asked.bytesMax()), client, asked.type(), began);
          } catch (IOException e) {
            LOG.debug("{} is not answered: {}", asked.name(), e.getMessage());
          } finally {
            pending.give(client.getAddress());
          }
        });
  }

  private void send(byte[] answer, InetSocketAddress client, int type, long began)
      throws IOException {
    resolver.traffic().answered(/* byStream= */ false, client.getAddress(), type, answer, began);
    datagrams.send(ByteBuffer.wrap(answer), client);
  }

  private void letIn(Socket connection) {
    InetAddress client = connection.getInetAddress();
    if (connections.take(client)) {
      executor.execute(
          () -> {
            try {
              serve(connection);
            } finally {
              connections.give(client);
            }
          });
    } else {
      try {
        connection.close();
      } catch (IOException e) {
        LOG.debug("a connection that has no room is not closed: {}", e.getMessage());
      }
    }
  }

  private void serve(Socket connection) {
    try (connection) {
      connection.setSoTimeout(IDLE_MILLIS);
      connection.setTcpNoDelay(true);
      DataInputStream in = new DataInputStream(connection.getInputStream());
      OutputStream out = connection.getOutputStream();
      for (int i = 0; i < QUESTIONS_MAX; i++) {
        byte[] message = new byte[in.readUnsignedShort()];
        in.readFully(message);
        if (message.length < Question.HEADER) {
          return;
        }
        byte[] answer = answer(message, connection.getInetAddress());
        out.write(
            ByteBuffer.allocate(answer.length + 2)
                .putShort((short) answer.length)
                .put(answer)
                .array());
        out.flush();
      }
    } catch (EOFException clientIsDone) {
      LOG.trace("a client has asked all it wanted");
    } catch (IOException e) {
      LOG.debug("a connection of the name server ends: {}", e.getMessage());
    }
  }

  private byte[] answer(byte[] message, InetAddress client) {
    long began = resolver.traffic().now();
    Optional<Question> question = Question.parse(message);
    byte[] answer =
        question.isPresent()
            ? resolver.answer(question.get(), Wire.TCP_BYTES_MAX)
            : resolver.refuse(message);
    int type = question.map(Question::type).orElse(Traffic.NO_TYPE);
    resolver.traffic().answered(/* byStream= */ true, client, type, answer, began);
    return answer;
  }

  /// Ends as one that another has taken over from: lets no more connections in, answers those that
  /// are there until their clients close them, and closes. Who knocks just then is let in by the
  /// other one where Linux can move connections from door to door (since 5.14, as root).
  ///
  /// @param within at most so long
  public void finish(Duration within) throws InterruptedException {
    moveWaiting();
    try {
      streams.close();
      boolean unused = connections.nobody().get(within.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException e) {
      LOG.debug("connections are left when the name server ends");
    } catch (IOException e) {
      LOG.warn("the name server's door is not closed: {}", e.getMessage());
    } finally {
      close();
    }
  }

  /// Has connections that wait at a door which closes moved to another one at its address. It stays
  /// so: some that are being made now come a moment later.
  private static void moveWaiting() {
    try {
      Files.writeString(MOVES, "1");
    } catch (IOException e) {
      LOG.debug("connections that wait at a closed door are reset: {}", e.toString());
    }
  }

  @Override
  public void close() {
    try {
      datagrams.close();
      streams.close();
    } catch (IOException e) {
      LOG.warn("the name server's doors are not closed: {}", e.getMessage());
    }
  }
}
