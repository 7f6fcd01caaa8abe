// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.proxy;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The server's side of one WebSocket (RFC 6455): says `welcome` at once, in one packet with the
/// head of its answer, and notes what it hears.
final class WebSocketEcho {
  private static final Pattern KEY = Pattern.compile("(?i)sec-websocket-key: (\\S+)");
  private static final String MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

  private WebSocketEcho() {}

  static void serve(RawBackend backend, InputStream in, OutputStream out) throws IOException {
    String head = RawBackend.head(in);
    backend.heads.add(head);
    Matcher key = KEY.matcher(head);
    if (!key.find()) {
      return;
    }
    RawBackend.say(
        out,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Accept: "
            + accept(key.group(1))
            + "\r\n\r\n\u0081\u0007welcome");
    int first = in.read();
    int length = in.read() & 0x7f;
    if (first != 0x81) {
      return;
    }
    byte[] mask = in.readNBytes(4);
    byte[] text = in.readNBytes(length);
    for (int i = 0; i < text.length; i++) {
      text[i] ^= mask[i % 4];
    }
    backend.heads.add(new String(text, UTF_8));
    in.readAllBytes();
    backend.heads.add("end");
  }

  private static String accept(String key) {
    try {
      return Base64.getEncoder()
          .encodeToString(
              MessageDigest.getInstance("SHA-1").digest((key + MAGIC).getBytes(US_ASCII)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
