// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;

/// Something that answers requests as an API server does, on behalf of an administrator.
interface Answers extends AutoCloseable {

  /// One request, the same for all.
  record Call(String method, String path, String contentType, String body, String accept) {
    Call(String method, String path, String contentType, String body) {
      this(method, path, contentType, body, "application/json");
    }
  }

  /// An answer; the body is a text node where it is no JSON object, an array where it is several:
  /// the events of a watch.
  record Answer(int status, JsonNode body) {
    /// The server hung up: some requests make kube-apiserver panic.
    static final Answer NONE = new Answer(0, MissingNode.getInstance());
  }

  Answer send(Call call);

  /// What the text of an answer holds.
  static JsonNode read(Call call, String text) {
    try {
      if (!text.startsWith("{")) {
        return Bodies.JSON.getNodeFactory().textNode(text);
      } else if (!call.path().contains("watch=1")) {
        return Bodies.JSON.readTree(text);
      }
      ArrayNode events = Bodies.JSON.createArrayNode();
      Bodies.JSON
          .readerFor(JsonNode.class)
          .<JsonNode>readValues(text)
          .forEachRemaining(events::add);
      return events.size() == 1 ? events.get(0) : events;
    } catch (IOException e) {
      throw new IllegalStateException(call.method() + " " + call.path() + " answered " + text, e);
    }
  }

  /// Reads bodies.
  final class Bodies {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Bodies() {}
  }

  @Override
  void close();
}
