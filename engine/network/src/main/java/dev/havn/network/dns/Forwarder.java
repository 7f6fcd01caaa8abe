// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.dns;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.LongAdder;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Asks other name servers: one after the other, by UDP from a port and with a number that nobody
/// can guess, by TCP when the answer is too long. Threads: any; each waits for its answer.
final class Forwarder {
  private static final Logger LOG = LoggerFactory.getLogger(Forwarder.class);
  private static final int PATIENCE_MILLIS = 2_000;
  private static final int ROUNDS = 2;
  private static final int AT_ONCE_MAX = 1_000;
  private static final int STRAYS_MAX = 16;

  private final RandomGenerator random;
  private final Traffic traffic;
  private final Semaphore room = new Semaphore(AT_ONCE_MAX);
  private final LongAdder rejected = new LongAdder();

  /// @param traffic counts what others answer
  Forwarder(RandomGenerator random, Traffic traffic) {
    this.random = random;
    this.traffic = traffic;
  }

  /// How many questions found no room.
  long rejected() {
    return rejected.sum();
  }

  /// The answer of the first server that gives one; of those that fail, the last failure.
  Optional<Message> ask(Question question, List<InetSocketAddress> servers) {
    if (!room.tryAcquire()) {
      rejected.increment();
      return Optional.empty();
    }
    try {
      Optional<Message> failure = Optional.empty();
      for (int i = 0; i < servers.size() * ROUNDS; i++) {
        InetSocketAddress server = servers.get(i % servers.size());
        try {
          Optional<Message> answer = ask(question, server);
          if (answer.isPresent() && answer.get().code() != Answer.SERVER_FAILURE) {
            return answer;
          }
          failure = answer.isPresent() ? answer : failure;
        } catch (IOException e) {
          LOG.debug("{} of {}: {}", question.name(), server, e.getMessage());
        }
      }
      return failure;
    } finally {
      room.release();
    }
  }

  private Optional<Message> ask(Question question, InetSocketAddress server) throws IOException {
    Optional<Message> answer =
        exchange(question.forwarded(random.nextInt(), true), question, server);
    boolean knowsNoExtension = answer.isPresent() && answer.get().code() == Answer.FORMAT_ERROR;
    return knowsNoExtension
        ? exchange(question.forwarded(random.nextInt(), false), question, server)
        : answer;
  }

  private Optional<Message> exchange(byte[] query, Question question, InetSocketAddress server)
      throws IOException {
    long began = traffic.now();
    Optional<Message> answer = counted(byDatagram(query, question, server), server, began);
    if (answer.isPresent() && answer.get().isTruncated()) {
      long again = traffic.now();
      return counted(byStream(query, question, server), server, again);
    }
    return answer;
  }

  private Optional<Message> counted(
      Optional<Message> answer, InetSocketAddress server, long began) {
    if (answer.isPresent()) {
      traffic.told(server, answer.get(), began);
    }
    return answer;
  }

  private static Optional<Message> byDatagram(
      byte[] query, Question question, InetSocketAddress server) throws IOException {
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.setSoTimeout(PATIENCE_MILLIS);
      socket.connect(server);
      socket.send(new DatagramPacket(query, query.length));
      byte[] buffer = new byte[Wire.TCP_BYTES_MAX];
      for (int i = 0; i < STRAYS_MAX; i++) {
        DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
        socket.receive(packet);
        byte[] bytes = Arrays.copyOf(buffer, packet.getLength());
        if (answers(query, question, bytes)) {
          return Message.parse(bytes);
        }
      }
      return Optional.empty();
    }
  }

  private static Optional<Message> byStream(
      byte[] query, Question question, InetSocketAddress server) throws IOException {
    try (Socket socket = new Socket()) {
      socket.setSoTimeout(PATIENCE_MILLIS);
      socket.connect(server, PATIENCE_MILLIS);
      OutputStream out = socket.getOutputStream();
      out.write(
          ByteBuffer.allocate(query.length + 2).putShort((short) query.length).put(query).array());
      out.flush();
      DataInputStream in = new DataInputStream(socket.getInputStream());
      byte[] bytes = new byte[in.readUnsignedShort()];
      in.readFully(bytes);
      return answers(query, question, bytes) ? Message.parse(bytes) : Optional.empty();
    }
  }

  /// Whether it is an answer to this query: its number, and the question itself.
  private static boolean answers(byte[] query, Question question, byte[] bytes) {
    return bytes.length >= Question.HEADER
        && (bytes[2] & 0x80) != 0
        && Arrays.equals(query, 0, 2, bytes, 0, 2)
        && (bytes.length == Question.HEADER
            || (bytes.length >= question.end()
                && Arrays.equals(
                    query,
                    Question.HEADER,
                    question.end(),
                    bytes,
                    Question.HEADER,
                    question.end())));
  }
}
