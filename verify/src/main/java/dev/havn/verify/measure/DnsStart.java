// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.measure;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// When the cluster's name server answers for the first time, asked at its Service's address every
/// few milliseconds, each time from another port: what the kernel has once sent somewhere it goes
/// on sending there.
record DnsStart(InetSocketAddress server, long begin) implements Callable<Double> {
  private static final long EVERY_NANOS = 3_000_000;
  private static final int OPEN_MAX = 64;
  private static final long SECONDS_MAX = 30;

  /// @return milliseconds from `begin`
  @Override
  public Double call() throws IOException {
    Deque<DatagramChannel> open = new ArrayDeque<>();
    try {
      while (System.nanoTime() - begin < TimeUnit.SECONDS.toNanos(SECONDS_MAX)) {
        open.addLast(DatagramChannel.open(StandardProtocolFamily.INET));
        ask(open.getLast());
        for (DatagramChannel each : open) {
          if (isAnswered(each)) {
            return (System.nanoTime() - begin) / 1e6;
          }
        }
        if (open.size() > OPEN_MAX) {
          open.removeFirst().close();
        }
        LockSupport.parkNanos(EVERY_NANOS);
      }
      throw new IllegalStateException("no answer of " + server + " in " + SECONDS_MAX + " s");
    } finally {
      for (DatagramChannel each : open) {
        each.close();
      }
    }
  }

  private void ask(DatagramChannel channel) throws IOException {
    channel.configureBlocking(false);
    try {
      channel.connect(server);
      channel.write(ByteBuffer.wrap(DnsQueries.message("kubernetes.default.svc.cluster.local")));
    } catch (IOException noRouteYet) {
      // That is an answer, too: nobody is there.
      return;
    }
  }

  private static boolean isAnswered(DatagramChannel channel) {
    ByteBuffer answer = ByteBuffer.allocate(512);
    try {
      return channel.isConnected()
          && channel.read(answer) > 0
          && (answer.get(3) & 0xf) == 0
          && answer.getShort(6) == 1;
    } catch (IOException refused) {
      return false;
    }
  }
}
