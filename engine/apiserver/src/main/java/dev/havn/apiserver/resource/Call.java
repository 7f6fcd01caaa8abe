// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import dev.havn.apiserver.RequestInfo;
import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.apiserver.http.Request;
import dev.havn.schema.ResourceType;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One request for a resource, with all that was found out about it.
///
/// @param warnings collects what the answer's `Warning` headers say
public record Call(
    Request request, RequestInfo info, ResourceType type, UserInfo user, List<String> warnings) {

  public Call(Request request, RequestInfo info, ResourceType type, UserInfo user) {
    this(request, info, type, user, new ArrayList<>());
  }

  String name() {
    return info.name();
  }

  String namespace() {
    return info.namespace();
  }

  String key() {
    return Registry.key(type, namespace(), name());
  }

  @Nullable String query(String parameter) {
    @Nullable String value = request.query().first(parameter);
    return value == null || value.isEmpty() ? null : value;
  }

  boolean flag(String parameter) {
    @Nullable String value = query(parameter);
    return value != null && (value.equals("true") || value.equals("1"));
  }

  boolean isDryRun() {
    @Nullable String value = query("dryRun");
    if (value == null) {
      return false;
    }
    if (!value.equals("All")) {
      throw ApiException.unprocessable(
          "Unsupported value: \"" + value + "\": supported values: \"All\"");
    }
    return true;
  }

  /// Who owns the fields that this request writes: `fieldManager`, else the client's name.
  String fieldManager() {
    @Nullable String manager = query("fieldManager");
    if (manager != null) {
      return manager;
    }
    @Nullable String agent = request.headers().first("user-agent");
    return agent == null || agent.isBlank() ? "unknown" : agent.split("/")[0].strip();
  }
}
