// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.havn.schema.codec.CodecException;
import dev.havn.schema.codec.Json;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/// Where the next page of a list begins, in the form that Kubernetes gives it.
///
/// @param revision at which the list is read; [#NOW] after the first one was compacted away
/// @param last key of the last object that was sent, below the list's own prefix
record ContinueToken(long revision, String last) {
  /// The list goes on with what there is now: it may show objects twice or not at all.
  static final long NOW = -1;

  private static final String VERSION = "meta.k8s.io/v1";

  String encode() {
    JsonNode json =
        JsonNodeFactory.instance
            .objectNode()
            .put("v", VERSION)
            .put("rv", revision)
            .put("start", "/" + last + "\u0000");
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(json.toString().getBytes(StandardCharsets.UTF_8));
  }

  static ContinueToken decode(String text) {
    byte[] bytes;
    try {
      bytes = Base64.getUrlDecoder().decode(text);
    } catch (IllegalArgumentException e) {
      throw invalid("illegal base64 data at input byte " + firstForeign(text));
    }
    if (text.endsWith("=")) {
      throw invalid("illegal base64 data at input byte " + text.indexOf('='));
    }
    JsonNode json;
    try {
      json = Json.read(bytes).tree();
    } catch (CodecException e) {
      throw invalid(String.valueOf(e.getMessage()));
    }
    if (!json.path("v").asText("").equals(VERSION)) {
      throw invalid("server does not recognize this encoded version " + json.path("v").asText(""));
    }
    long revision = json.path("rv").asLong(0);
    String start = json.path("start").asText("");
    if (revision == 0) {
      throw invalid("incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
    }
    if (start.isEmpty()) {
      throw invalid("encoded start key empty (version meta.k8s.io/v1)");
    }
    if (("/" + start).contains("/../")) {
      throw invalid(start);
    }
    return new ContinueToken(revision, start.replaceAll("^/|\u0000$", ""));
  }

  private static int firstForeign(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean known = Character.isLetterOrDigit(c) && c < 128 || c == '-' || c == '_';
      if (!known) {
        return i;
      }
    }
    return text.length() - 1; // a last letter alone holds no byte
  }

  private static ApiException invalid(String why) {
    return ApiException.badRequest("invalid continue token: continue key is not valid: " + why);
  }
}
