// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.measure;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Asks a name server by UDP, from a few ports, without ever waiting: it takes one processor for
/// itself. All is bounded by seconds. Each answer is looked at.
///
/// Threads: one.
final class DnsLoad implements AutoCloseable {
  private static final int PORTS = 8;
  private static final int NUMBERS = 1 << 16;
  private static final int ANSWER_BYTES_MAX = 1_500;

  /// What has no answer after that is lost.
  private static final long PATIENCE_NANOS = 1_000_000_000L;

  private static final int MICROS_MAX = 1_000_000;

  private final List<DnsQueries.Query> queries;
  private final List<Port> ports = new ArrayList<>();
  private final ByteBuffer out = ByteBuffer.allocateDirect(ANSWER_BYTES_MAX);
  private final ByteBuffer in = ByteBuffer.allocateDirect(ANSWER_BYTES_MAX);
  private int[] micros = new int[0];
  private int next;
  private long answers;
  private long wrong;
  private long lost;

  /// What came.
  ///
  /// @param perSecond answers
  /// @param wrong answers that are not what was to come
  /// @param lost questions without an answer
  record Outcome(double perSecond, double p50Ms, double p99Ms, long wrong, long lost) {
    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "%,.0f/s, p50 %.2f ms, p99 %.2f ms, %d lost, %d wrong",
          perSecond,
          p50Ms,
          p99Ms,
          lost,
          wrong);
    }
  }

  private static final class Port {
    final DatagramChannel channel;
    final DnsQueries.Query[] asked = new DnsQueries.Query[NUMBERS];

    /// 0 for one that waits for nothing.
    final long[] since = new long[NUMBERS];

    int number;
    int oldest;

    /// Numbers that wait for an answer, in this order from `oldest` to `number`, with gaps.
    int waiting;

    Port(DatagramChannel channel) {
      this.channel = channel;
    }
  }

  DnsLoad(InetSocketAddress server, List<DnsQueries.Query> queries) throws IOException {
    this.queries = queries;
    for (int i = 0; i < PORTS; i++) {
      DatagramChannel channel = DatagramChannel.open(StandardProtocolFamily.INET);
      channel.configureBlocking(false);
      channel.connect(server);
      ports.add(new Port(channel));
    }
  }

  /// As much as is answered, with so many questions open at a time.
  Outcome flood(int open, int seconds) throws IOException {
    begin();
    int each = Math.max(1, open / PORTS);
    long start = System.nanoTime();
    long end = start + seconds * 1_000_000_000L;
    for (long now = start; now < end; now = System.nanoTime()) {
      for (Port port : ports) {
        listen(port);
        forget(port, now);
        while (port.waiting < each) {
          ask(port, System.nanoTime());
        }
      }
    }
    return outcome(System.nanoTime() - start);
  }

  /// So many questions in each second, whatever is answered. An answer's time counts from when its
  /// question was due.
  Outcome paced(int perSecond, int seconds) throws IOException {
    begin();
    long start = System.nanoTime();
    long all = (long) perSecond * seconds;
    long asked = 0;
    while (asked < all) {
      long due = (System.nanoTime() - start) * perSecond / 1_000_000_000L;
      while (asked < Math.min(due, all)) {
        ask(
            ports.get((int) (asked % PORTS)),
            start + (long) (asked * (1_000_000_000.0 / perSecond)));
        asked++;
      }
      ports.forEach(this::listen);
    }
    long taken = System.nanoTime() - start;
    while (System.nanoTime() - start - taken < PATIENCE_NANOS) {
      ports.forEach(this::listen);
    }
    for (Port port : ports) {
      lost += port.waiting;
    }
    return outcome(taken);
  }

  private void begin() {
    micros = new int[MICROS_MAX + 1];
    answers = 0;
    wrong = 0;
    lost = 0;
    for (Port port : ports) {
      java.util.Arrays.fill(port.since, 0);
      port.waiting = 0;
      port.oldest = port.number;
    }
  }

  private void ask(Port port, long since) throws IOException {
    DnsQueries.Query query = queries.get(next);
    next = (next + 1) % queries.size();
    port.number = (port.number + 1) % NUMBERS;
    port.asked[port.number] = query;
    port.since[port.number] = since;
    port.waiting++;
    out.clear().put(query.message()).putShort(0, (short) port.number).flip();
    port.channel.write(out);
  }

  private void listen(Port port) {
    try {
      while (port.channel.read(in.clear()) > 0) {
        hear(port, in.flip());
      }
    } catch (PortUnreachableException nobody) {
      throw new IllegalStateException("the name server is gone", nobody);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private void hear(Port port, ByteBuffer answer) {
    int number = answer.getShort(0) & 0xffff;
    long since = port.since[number];
    if (since == 0) {
      return;
    }
    port.since[number] = 0;
    port.waiting--;
    answers++;
    micros[Math.clamp((System.nanoTime() - since) / 1_000, 0, MICROS_MAX)]++;
    DnsQueries.Query query = port.asked[number];
    if ((answer.get(3) & 0xf) != query.code() || answer.getShort(6) != query.answers()) {
      wrong++;
    }
  }

  private void forget(Port port, long now) {
    while (port.oldest != port.number) {
      int candidate = (port.oldest + 1) % NUMBERS;
      if (port.since[candidate] != 0) {
        if (now - port.since[candidate] < PATIENCE_NANOS) {
          return;
        }
        port.since[candidate] = 0;
        port.waiting--;
        lost++;
      }
      port.oldest = candidate;
    }
  }

  private Outcome outcome(long nanos) {
    return new Outcome(answers * 1e9 / nanos, percentile(50), percentile(99), wrong, lost);
  }

  private double percentile(int percent) {
    long before = 0;
    for (int i = 0; i < micros.length; i++) {
      before += micros[i];
      if (before * 100 >= answers * percent && before > 0) {
        return i / 1_000.0;
      }
    }
    return Double.NaN;
  }

  @Override
  public void close() throws IOException {
    for (Port port : ports) {
      port.channel.close();
    }
  }
}
