// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.BuiltinTypes;
import dev.havn.schema.Schema;
import dev.havn.schema.codec.CodecException;
import dev.havn.schema.codec.Protobuf;
import dev.havn.schema.codec.Yaml;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/// What a server answered to a raw request, as far as errors go.
///
/// @param status 0 when the server hung up, -1 when no answer came in time
/// @param reason of a `Status`, or empty
/// @param message of a `Status`; else the text that came
record RawAnswer(int status, String reason, String message) {
  private static final int SHOWN_MAX = 1_000;
  private static final int SHAPE_MAX = 80;

  /// Reads answers in every form that a client can ask for.
  static final class Reader {
    private static final byte[] BINARY = {'k', '8', 's', 0};

    private final Schema.Struct type;

    Reader(BuiltinTypes types) {
      this.type =
          Objects.requireNonNull(types.struct("io.k8s.apimachinery.pkg.apis.meta.v1.Status"));
    }

    RawAnswer read(RawConnection.Answer answer) {
      String text = new String(answer.body(), StandardCharsets.UTF_8).strip();
      JsonNode tree = answer.status() < 400 ? Yaml.read(new byte[0]) : tree(answer.body());
      return tree.path("kind").asText().equals("Status")
          ? new RawAnswer(
              answer.status(), tree.path("reason").asText(), tree.path("message").asText())
          : new RawAnswer(answer.status(), "", text);
    }

    private JsonNode tree(byte[] body) {
      try {
        return isBinary(body)
            ? Protobuf.decode(Protobuf.open(body), type).put("kind", "Status")
            : Yaml.read(body);
      } catch (CodecException e) {
        // plain text, which is compared as it is
        return Yaml.read("{}".getBytes(StandardCharsets.UTF_8));
      }
    }

    private static boolean isBinary(byte[] body) {
      return body.length > BINARY.length
          && java.util.Arrays.equals(body, 0, BINARY.length, BINARY, 0, BINARY.length);
    }
  }

  /// Whether it is another answer than a client would get there; of what is no refusal only the
  /// status counts.
  boolean isUnlike(RawAnswer other) {
    return status != other.status
        || status >= 400 && !(other.reason + other.words()).equals(reason + words());
  }

  private String words() {
    return message.replaceAll("current: [0-9]+", "current: N");
  }

  /// What it says, without the names and numbers in it.
  String shape() {
    String words =
        status < 400
            ? ""
            : message
                .replaceAll("\"(\\\\.|[^\"\\\\])*+\"", "Q")
                .replaceAll("'[^']*'", "Q")
                .replaceAll("[0-9]+", "N")
                .replaceAll("\\s+", " ");
    return status + " " + words.substring(0, Math.min(words.length(), SHAPE_MAX));
  }

  @Override
  public String toString() {
    boolean isLong = message.length() > SHOWN_MAX;
    return status + " " + reason + " " + (isLong ? message.substring(0, SHOWN_MAX) : message);
  }

  /// Whether it is an error of the server, or none at all.
  boolean isFailure() {
    return status >= 500 || status <= 0;
  }
}
