// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// An HTTP/1.1 request as it goes over the wire.
///
/// @param target path and query, percent-encoded or not
/// @param headers whole lines, without those of the connection and the length
record RawRequest(long number, String method, String target, List<String> headers, byte[] body) {

  /// Whether the answer has no end of its own: a watch, a log that is followed.
  boolean streams() {
    return target.contains("watch") || target.contains("follow");
  }

  byte[] bytes() {
    StringBuilder head = new StringBuilder();
    head.append(method).append(' ').append(target).append(" HTTP/1.1\r\nHost: localhost\r\n");
    headers.forEach(each -> head.append(each).append("\r\n"));
    head.append("Content-Length: ").append(body.length).append("\r\n\r\n");
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(head.toString().getBytes(StandardCharsets.ISO_8859_1));
    out.writeBytes(body);
    return out.toByteArray();
  }

  @Override
  public String toString() {
    String text = new String(body, StandardCharsets.ISO_8859_1);
    return "%d: %s %s %s %s"
        .formatted(
            number, method, target, headers, text.substring(0, Math.min(text.length(), 600)));
  }
}
