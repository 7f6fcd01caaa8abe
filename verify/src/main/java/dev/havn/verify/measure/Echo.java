// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.measure;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;

/// Small datagrams there and back, in the network of a pod: `Echo answer PORT` answers until its
/// input ends, `Echo ask` reads lines `ADDRESS PORT COUNT` and says `done` when that many have come
/// back. It keeps a few under way.
final class Echo {
  private static final int BYTES = 200;
  private static final int UNDER_WAY = 16;
  private static final int PATIENCE_MILLIS = 500;

  private Echo() {}

  public static void main(String[] arguments) throws IOException {
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    if (arguments[0].equals("answer")) {
      int port = Integer.parseInt(arguments[1]);
      Thread.ofPlatform().daemon().start(() -> answer(port));
      while (in.readLine() != null) {
        // Nothing is to be said.
      }
      return;
    }
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String[] words = line.split(" ");
      ask(new InetSocketAddress(words[0], Integer.parseInt(words[1])), Integer.parseInt(words[2]));
      System.out.println("done");
    }
  }

  private static void answer(int port) {
    ByteBuffer buffer = ByteBuffer.allocateDirect(BYTES);
    try (DatagramChannel channel = DatagramChannel.open(StandardProtocolFamily.INET)) {
      channel.bind(new InetSocketAddress(port));
      while (channel.isOpen()) {
        SocketAddress from = channel.receive(buffer.clear());
        channel.send(buffer.flip(), from);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("answering at port " + port, e);
    }
  }

  private static void ask(InetSocketAddress to, int count) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(BYTES);
    AtomicInteger come = new AtomicInteger();
    try (DatagramChannel channel = DatagramChannel.open(StandardProtocolFamily.INET)) {
      channel.connect(to);
      Thread.ofPlatform().daemon().start(() -> replace(channel, come));
      while (come.get() < count) {
        try {
          int unused = channel.read(buffer.clear());
          come.incrementAndGet();
          channel.write(buffer.clear());
        } catch (PortUnreachableException early) {
          // Nobody listens yet, or the Service is not there yet: those count as lost.
        }
      }
    }
  }

  /// Begins, and begins anew when those that are under way are lost.
  private static void replace(DatagramChannel channel, AtomicInteger come) {
    ByteBuffer buffer = ByteBuffer.allocateDirect(BYTES);
    int seen = -1;
    while (channel.isOpen()) {
      try {
        int now = come.get();
        int lost = seen < 0 || now == seen ? UNDER_WAY : 0;
        for (int i = 0; i < lost; i++) {
          channel.write(buffer.clear());
        }
        seen = now;
        Thread.sleep(PATIENCE_MILLIS);
      } catch (ClosedChannelException done) {
        return;
      } catch (PortUnreachableException early) {
        seen = -1;
      } catch (IOException e) {
        throw new UncheckedIOException("asking", e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }
}
