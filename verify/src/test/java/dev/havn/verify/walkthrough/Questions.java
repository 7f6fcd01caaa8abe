// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/// Asks the cluster's DNS the same again and again, in three ways at once: by a port of its own for
/// each question, by one for all of them, and by a connection for each. A question is lost when no
/// answer comes as long as resolvers wait, or when the answer is not the right one.
final class Questions implements AutoCloseable {
  private static final String NAME = "kubernetes.default.svc.cluster.local";
  private static final int PORT = 53;

  /// What resolvers wait for, too.
  static final int PATIENCE_MILLIS = 5_000;

  private static final long ASK_EVERY_NANOS = 2_000_000;

  private final InetAddress server;
  private final AtomicBoolean asks = new AtomicBoolean(true);
  private final AtomicInteger answers = new AtomicInteger();
  private final AtomicInteger resets = new AtomicInteger();
  private final Queue<String> lost = new ConcurrentLinkedQueue<>();
  private final List<Thread> threads = new ArrayList<>();

  private interface Way {
    boolean ask() throws IOException;
  }

  Questions(String address) {
    this.server = InetAddress.ofLiteral(address);
  }

  /// Begins to ask.
  void begin() throws IOException {
    DatagramSocket one = socket();
    for (Way way : List.<Way>of(this::askAlone, () -> ask(one), this::askByConnections)) {
      Thread thread = new Thread(() -> ask(way), "asks for names");
      threads.add(thread);
      thread.start();
    }
  }

  private void ask(Way way) {
    while (asks.get()) {
      try {
        if (way.ask()) {
          answers.incrementAndGet();
        } else {
          lost.add("a wrong answer");
        }
      } catch (IOException e) {
        lost.add(e.toString());
      }
      LockSupport.parkNanos(ASK_EVERY_NANOS);
    }
  }

  private static byte[] query() {
    ByteBuffer query = ByteBuffer.allocate(512);
    query.putShort((short) 4_711).putShort((short) 0x100).putShort((short) 1);
    query.putShort((short) 0).putShort((short) 0).putShort((short) 0);
    for (String label : NAME.split("\\.")) {
      query.put((byte) label.length()).put(label.getBytes(StandardCharsets.US_ASCII));
    }
    query.put((byte) 0).putShort((short) 1).putShort((short) 1);
    return Arrays.copyOf(query.array(), query.position());
  }

  /// One address, and no error.
  private static boolean isRight(byte[] answer) {
    return answer.length > 12 && (answer[3] & 0xf) == 0 && answer[7] == 1;
  }

  DatagramSocket socket() throws IOException {
    DatagramSocket socket = new DatagramSocket();
    socket.setSoTimeout(PATIENCE_MILLIS);
    socket.connect(server, PORT);
    return socket;
  }

  boolean askAlone() throws IOException {
    try (DatagramSocket socket = socket()) {
      return ask(socket);
    }
  }

  static boolean ask(DatagramSocket socket) throws IOException {
    byte[] query = query();
    socket.send(new DatagramPacket(query, query.length));
    DatagramPacket answer = new DatagramPacket(new byte[512], 512);
    socket.receive(answer);
    return isRight(Arrays.copyOf(answer.getData(), answer.getLength()));
  }

  /// Linux resets one of a thousand connections that are made in the moment in which a server
  /// closes: who made it asks again, as resolvers do.
  private boolean askByConnections() throws IOException {
    try {
      return askByConnection();
    } catch (ConnectException refused) {
      throw refused;
    } catch (SocketException reset) {
      resets.incrementAndGet();
      return askByConnection();
    }
  }

  private boolean askByConnection() throws IOException {
    try (Socket socket = new Socket()) {
      socket.setSoTimeout(PATIENCE_MILLIS);
      socket.connect(new InetSocketAddress(server, PORT), PATIENCE_MILLIS);
      byte[] query = query();
      socket
          .getOutputStream()
          .write(
              ByteBuffer.allocate(query.length + 2)
                  .putShort((short) query.length)
                  .put(query)
                  .array());
      DataInputStream in = new DataInputStream(socket.getInputStream());
      byte[] answer = new byte[in.readUnsignedShort()];
      in.readFully(answer);
      return isRight(answer);
    }
  }

  int answers() {
    return answers.get();
  }

  /// How many connections were reset.
  int resets() {
    return resets.get();
  }

  /// What became of those that were lost.
  List<String> lost() {
    return List.copyOf(lost);
  }

  @Override
  public void close() {
    asks.set(false);
    try {
      for (Thread each : threads) {
        each.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
