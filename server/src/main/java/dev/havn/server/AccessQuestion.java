// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.apiserver.ApiServer;
import java.util.ArrayList;
import java.util.List;

/// Why a user may or may not do something; see [ControlCommands].
final class AccessQuestion {
  private AccessQuestion() {}

  static JsonNode answer(ApiServer apiServer, JsonNode question) {
    List<String> groups = new ArrayList<>();
    question.path("groups").forEach(each -> groups.add(each.asText()));
    return apiServer
        .explanations()
        .explain(
            question.path("user").asText(),
            groups,
            question.path("verb").asText(),
            question.path("resource").asText(),
            question.path("name").asText(),
            question.path("namespace").asText());
  }
}
