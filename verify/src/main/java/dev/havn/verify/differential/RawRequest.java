// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// An HTTP/1 request as it goes over the wire.
///
/// @param target path and query, percent-encoded or not
/// @param headers whole lines, without those of the connection and the length
record RawRequest(
    long number, String method, String target, List<String> headers, byte[] body, Framing framing) {
  private static final int PIECE_BYTES = 50;

  /// How the server is told where the request ends.
  enum Framing {
    LENGTH,
    CHUNKS,
    /// The size of the second chunk is no number.
    BROKEN_CHUNKS,
    /// A length that is no number.
    BROKEN_LENGTH,
    TWO_LENGTHS,
    BOTH,
    /// A coding that nobody knows.
    UNKNOWN_CODING,
    OLD_PROTOCOL,
    NO_HOST,
    LONG_HEADER,
    BROKEN_HEADER;

    /// Whether Kubernetes fails like this when the end of a request is told so.
    boolean explains(RawAnswer answer) {
      return switch (answer.status()) {
        case 0 -> isBroken();
        case 500 ->
            this == BROKEN_CHUNKS && answer.message().equals("invalid byte in chunk length");
        case 501 -> this == UNKNOWN_CODING;
        default -> false;
      };
    }

    /// Whether the server may hang up instead of an answer: it cannot tell where the next begins.
    boolean isBroken() {
      return this != LENGTH && this != CHUNKS && this != OLD_PROTOCOL;
    }
  }

  /// Whether the answer has no end of its own: a watch, a log that is followed.
  boolean streams() {
    return target.contains("watch") || target.contains("follow");
  }

  byte[] bytes() {
    StringBuilder head = new StringBuilder();
    String protocol = framing == Framing.OLD_PROTOCOL ? "HTTP/1.0" : "HTTP/1.1";
    head.append(method).append(' ').append(target).append(' ').append(protocol).append("\r\n");
    if (framing != Framing.NO_HOST) {
      head.append("Host: localhost\r\n");
    }
    headers.forEach(each -> head.append(each).append("\r\n"));
    String length = "Content-Length: " + body.length + "\r\n";
    String chunked = "Transfer-Encoding: chunked\r\n";
    head.append(
        switch (framing) {
          case LENGTH, OLD_PROTOCOL, NO_HOST -> length;
          case CHUNKS, BROKEN_CHUNKS -> chunked;
          case BROKEN_LENGTH -> "Content-Length: x" + body.length + "\r\n";
          case TWO_LENGTHS -> length + "Content-Length: " + (body.length + 1) + "\r\n";
          case BOTH -> length + chunked;
          case UNKNOWN_CODING -> "Transfer-Encoding: unknown\r\n";
          case LONG_HEADER -> length + "X-Long: " + "x".repeat(70_000) + "\r\n";
          case BROKEN_HEADER -> length + "no colon\r\n : x\r\n";
        });
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1));
    switch (framing) {
      case CHUNKS, BROKEN_CHUNKS, BOTH -> chunks(out);
      default -> out.writeBytes(body);
    }
    return out.toByteArray();
  }

  private void chunks(ByteArrayOutputStream out) {
    for (int from = 0; from < body.length; from += PIECE_BYTES) {
      int size = Math.min(PIECE_BYTES, body.length - from);
      String hex = Integer.toHexString(size);
      boolean broken = framing == Framing.BROKEN_CHUNKS && from > 0;
      out.writeBytes(((broken ? "g" : hex) + "\r\n").getBytes(StandardCharsets.US_ASCII));
      out.write(body, from, size);
      out.writeBytes("\r\n".getBytes(StandardCharsets.US_ASCII));
    }
    out.writeBytes("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
  }

  @Override
  public String toString() {
    String text = new String(body, StandardCharsets.ISO_8859_1);
    return "%d: %s %s %s %s %s"
        .formatted(
            number,
            method,
            target,
            headers,
            framing == Framing.LENGTH ? "" : framing,
            text.substring(0, Math.min(text.length(), 600)));
  }
}
