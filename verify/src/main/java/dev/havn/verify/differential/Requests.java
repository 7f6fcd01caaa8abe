// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/// What stands in requests.
final class Requests {
  static final String MERGE = "application/merge-patch+json";
  static final String STRATEGIC = "application/strategic-merge-patch+json";
  static final String JSON_PATCH = "application/json-patch+json";
  static final String APPLY = "application/apply-patch+yaml";

  /// A form that Kubernetes has, but does not turn on by default.
  static final String APPLY_BINARY = "application/apply-patch+cbor";

  /// In a body or a query: the resourceVersion that this server last answered with.
  static final String VERSION = "{resourceVersion}";

  private Requests() {}

  /// Sends a script's requests to one server, each with what that server itself said before.
  static final class Conversation {
    private final Answers server;
    private String version = "1";

    Conversation(Answers server) {
      this.server = server;
    }

    Answers.Answer send(Answers.Call call) {
      if (call.method().equals("GET") && call.path().contains("resourceVersion=0")) {
        freshen(call.path().replaceFirst("\\?.*", ""));
      }
      Answers.Answer answer =
          server.send(
              new Answers.Call(
                  call.method(),
                  call.path().replace(VERSION, version),
                  call.contentType(),
                  call.body().replace(VERSION, version),
                  call.accept()));
      JsonNode given = answer.body().path("metadata").path("resourceVersion");
      boolean isOne = answer.body().path("metadata").has("uid");
      if (isOne && given.isTextual() && !call.path().contains("dryRun")) {
        version = given.asText();
      }
      return answer;
    }

    /// Kubernetes answers who takes any state from a cache that follows in its own time. A list of
    /// the newest state, of the path or of what it lies in, waits until the cache has followed.
    private void freshen(String path) {
      for (String each : List.of(path, path.substring(0, path.lastIndexOf('/')))) {
        Answers.Answer unused =
            server.send(
                new Answers.Call(
                    "GET", each + "?fieldSelector=metadata.name%3Dnone", Target.JSON, ""));
      }
    }
  }
}
