// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authentication;

import dev.havn.apiserver.http.Headers;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// A bearer token in a subprotocol of a WebSocket handshake, where browsers cannot set a header:
/// `base64url.bearer.authorization.k8s.io.TOKEN`, the token in base64url without padding. Another
/// subprotocol must stand beside it, for the server to answer with.
///
/// @param token null when there is none
/// @param isWrong whether there is one that cannot be read
record WebSocketToken(@Nullable String token, boolean isWrong) {
  static final String HEADER = "sec-websocket-protocol";

  private static final String PREFIX = "base64url.bearer.authorization.k8s.io.";
  private static final WebSocketToken NONE = new WebSocketToken(null, false);
  private static final WebSocketToken WRONG = new WebSocketToken(null, true);

  static WebSocketToken of(Headers headers) {
    String upgrade = String.valueOf(headers.first("upgrade"));
    String connection = String.join(",", headers.all("connection")).toLowerCase(Locale.ROOT);
    if (!upgrade.equalsIgnoreCase("websocket") || !connection.contains("upgrade")) {
      return NONE;
    }
    @Nullable String token = null;
    boolean alone = true;
    for (String protocol : String.join(",", headers.all(HEADER)).split(",")) {
      String name = protocol.strip();
      if (!name.startsWith(PREFIX)) {
        alone &= name.isEmpty();
        continue;
      }
      @Nullable String decoded = decoded(name.substring(PREFIX.length()));
      if (token != null || decoded == null) {
        return WRONG;
      }
      token = decoded;
    }
    if (token == null || token.isEmpty()) {
      return NONE;
    }
    return alone ? WRONG : new WebSocketToken(token, false);
  }

  /// Takes tokens out of the subprotocols, whoever the request is taken for: they go to nobody
  /// else.
  static void strip(Headers headers) {
    List<String> kept = new ArrayList<>();
    boolean stripped = false;
    for (String protocol : String.join(",", headers.all(HEADER)).split(",")) {
      boolean token = protocol.strip().startsWith(PREFIX);
      stripped |= token;
      if (!token && !protocol.isBlank()) {
        kept.add(protocol.strip());
      }
    }
    if (stripped && kept.isEmpty()) {
      headers.remove(HEADER);
    } else if (stripped) {
      headers.set(HEADER, String.join(",", kept));
    }
  }

  private static @Nullable String decoded(String text) {
    try {
      byte[] bytes = text.contains("=") ? null : Base64.getUrlDecoder().decode(text);
      return bytes == null
          ? null
          : StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (IllegalArgumentException | CharacterCodingException unreadable) {
      return null;
    }
  }
}
