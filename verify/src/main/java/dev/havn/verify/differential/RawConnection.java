// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.util.Locale;
import javax.net.SocketFactory;
import org.jspecify.annotations.Nullable;

/// A connection that sends bytes as they are and reads one answer after the other; it connects
/// again when the server has hung up. For one thread.
final class RawConnection implements AutoCloseable {
  private static final int BODY_BYTES_MAX = 128 << 10;

  private final SocketFactory sockets;
  private final int port;
  private final int deadlineMillis;
  private @Nullable Socket socket;
  private @Nullable InputStream in;

  /// @param deadlineMillis how long the server may be silent; `SocketTimeoutException` then
  RawConnection(SocketFactory sockets, int port, int deadlineMillis) {
    this.sockets = sockets;
    this.port = port;
    this.deadlineMillis = deadlineMillis;
  }

  /// @param status 0 when the server hung up without an answer
  /// @param body its beginning
  record Answer(int status, byte[] body) {
    private static final Answer NONE = new Answer(0, new byte[0]);
  }

  Answer send(RawRequest request) throws IOException {
    boolean again = socket != null;
    try {
      return attempt(request);
    } catch (EOFException | java.net.SocketException e) {
      close();
      if (!again) {
        return Answer.NONE;
      }
    }
    try {
      return attempt(request); // the old connection may have been closed in between
    } catch (EOFException | java.net.SocketException e) {
      close();
      return Answer.NONE;
    }
  }

  private Answer attempt(RawRequest request) throws IOException {
    Socket to = socket;
    if (to == null) {
      to = sockets.createSocket(InetAddress.getLoopbackAddress(), port);
      to.setSoTimeout(deadlineMillis);
      to.setTcpNoDelay(true);
      socket = to;
      in = new BufferedInputStream(to.getInputStream());
    }
    to.getOutputStream().write(request.bytes());
    to.getOutputStream().flush();
    InputStream from = java.util.Objects.requireNonNull(in);
    int status;
    long length = -1;
    boolean chunked = false;
    boolean last = false;
    do {
      String line = line(from);
      status = Integer.parseInt(line.split(" ")[1]);
      for (String header = line(from); !header.isEmpty(); header = line(from)) {
        String lower = header.toLowerCase(Locale.ROOT);
        if (lower.startsWith("content-length:")) {
          length = Long.parseLong(lower.substring(15).strip());
        } else if (lower.startsWith("transfer-encoding:")) {
          chunked = lower.contains("chunked");
        } else if (lower.startsWith("connection:")) {
          last = lower.contains("close");
        }
      }
    } while (status == 100);
    boolean bare = request.method().equals("HEAD") || status == 204 || status == 304;
    if (request.streams() && status < 300 || status == 101) {
      close();
      return new Answer(status, new byte[0]);
    }
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    if (chunked && !bare) {
      chunks(from, text);
    } else if (length > 0 && !bare) {
      read(from, length, text);
    } else if (length < 0 && !bare) {
      last = true;
      text.write(from.readNBytes(BODY_BYTES_MAX));
    }
    if (last) {
      close();
    }
    return new Answer(status, text.toByteArray());
  }

  private static void chunks(InputStream from, ByteArrayOutputStream text) throws IOException {
    while (true) {
      long size = Long.parseLong(line(from).split(";")[0].strip(), 16);
      read(from, size, text);
      line(from);
      if (size == 0) {
        return;
      }
    }
  }

  private static void read(InputStream from, long length, ByteArrayOutputStream text)
      throws IOException {
    byte[] buffer = new byte[16 << 10];
    long left = length;
    while (left > 0) {
      int read = from.read(buffer, 0, (int) Math.min(buffer.length, left));
      if (read < 0) {
        throw new EOFException("in the middle of a body");
      }
      left -= read;
      if (text.size() < BODY_BYTES_MAX) {
        text.write(buffer, 0, read);
      }
    }
  }

  private static String line(InputStream from) throws IOException {
    StringBuilder line = new StringBuilder();
    while (true) {
      int next = from.read();
      if (next < 0) {
        throw new EOFException("no answer");
      } else if (next == '\n') {
        return line.toString().strip();
      }
      line.append((char) next);
    }
  }

  @Override
  public void close() {
    try {
      if (socket != null) {
        socket.close();
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException("closing a connection", e);
    } finally {
      socket = null;
      in = null;
    }
  }
}
