// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.measure;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;

/// Asks a server on the loopback for `/` at a fixed rate: `PORT PER-SECOND SECONDS CONNECTIONS`.
/// Each request counts from when it was due, not from when it was sent, so that a server that makes
/// the client wait pays for it (coordinated omission). Prints p50, p99 and p99.9 in microseconds.
final class FixedRate {
  private static final int TIMEOUT_MILLIS = 10_000;
  private static final byte[] REQUEST =
      "GET / HTTP/1.1\r\nHost: measure\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

  private FixedRate() {}

  public static void main(String[] arguments) throws InterruptedException, ExecutionException {
    int port = Integer.parseInt(arguments[0]);
    int rate = Integer.parseInt(arguments[1]);
    int seconds = Integer.parseInt(arguments[2]);
    int connections = Integer.parseInt(arguments[3]);
    long gap = 1_000_000_000L * connections / rate;
    int each = rate * seconds / connections;
    List<Future<long[]>> parts = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(connections)) {
      long begin = System.nanoTime() + 200_000_000L;
      for (int i = 0; i < connections; i++) {
        long first = begin + gap * i / connections;
        parts.add(threads.submit(() -> ask(port, first, gap, each)));
      }
    }
    long[] all = new long[each * connections];
    for (int i = 0; i < connections; i++) {
      System.arraycopy(parts.get(i).get(), 0, all, i * each, each);
    }
    Arrays.sort(all);
    System.out.printf(Locale.ROOT, "%d %d %d%n", at(all, 0.5), at(all, 0.99), at(all, 0.999));
  }

  private static long at(long[] sorted, double quantile) {
    return sorted[(int) (sorted.length * quantile)] / 1_000;
  }

  private static long[] ask(int port, long first, long gap, int times) throws IOException {
    long[] took = new long[times];
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setTcpNoDelay(true);
      socket.setSoTimeout(TIMEOUT_MILLIS);
      InputStream in = socket.getInputStream();
      OutputStream out = socket.getOutputStream();
      byte[] buffer = new byte[8_192];
      for (int i = 0; i < times; i++) {
        long due = first + gap * i;
        for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
          LockSupport.parkNanos(left);
        }
        out.write(REQUEST);
        readAnswer(in, buffer);
        took[i] = System.nanoTime() - due;
      }
    }
    return took;
  }

  /// One answer with a `Content-Length`.
  private static void readAnswer(InputStream in, byte[] buffer) throws IOException {
    int have = 0;
    int whole = Integer.MAX_VALUE;
    while (have < whole) {
      int read = in.read(buffer, have, buffer.length - have);
      if (read < 0) {
        throw new IOException("the server closed the connection");
      }
      have += read;
      if (whole == Integer.MAX_VALUE) {
        String text = new String(buffer, 0, have, StandardCharsets.ISO_8859_1);
        int end = text.indexOf("\r\n\r\n");
        if (end >= 0) {
          whole = end + 4 + length(text.substring(0, end));
        }
      }
    }
  }

  private static int length(String head) throws IOException {
    if (!head.startsWith("HTTP/1.1 200 ")) {
      throw new IOException(head.lines().findFirst().orElse(""));
    }
    for (String line : head.split("\r\n", -1)) {
      if (line.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
        return Integer.parseInt(line.substring(15).strip());
      }
    }
    throw new IOException("an answer without a length");
  }
}
