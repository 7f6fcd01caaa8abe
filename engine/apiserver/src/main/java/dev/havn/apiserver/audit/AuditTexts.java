// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.audit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.RequestInfo;
import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.apiserver.http.Request;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Who asked for what from where, as events say it.
final class AuditTexts {
  private static final int URI_CHARS_MAX = 8 << 10;
  private static final int SOURCES_MAX = 16;

  private AuditTexts() {}

  static String uri(Request request) {
    String uri = request.target();
    return uri.length() > URI_CHARS_MAX ? uri.substring(0, URI_CHARS_MAX) : uri;
  }

  static ObjectNode user(UserInfo user) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    if (!user.name().isEmpty()) {
      json.put("username", user.name());
    }
    if (!user.uid().isEmpty()) {
      json.put("uid", user.uid());
    }
    if (!user.groups().isEmpty()) {
      user.groups().forEach(json.putArray("groups")::add);
    }
    if (!user.extra().isEmpty()) {
      ObjectNode extra = json.putObject("extra");
      new TreeMap<>(user.extra())
          .forEach((key, values) -> values.forEach(extra.withArrayProperty(key)::add));
    }
    return json;
  }

  /// What proxies on the way have noted, the nearest last.
  static List<String> sources(Request request) {
    List<String> sources = new ArrayList<>();
    for (String header : request.headers().all("x-forwarded-for")) {
      for (String each : header.split(",")) {
        if (each.strip().matches("[0-9a-fA-F:.]{2,45}") && sources.size() < SOURCES_MAX) {
          sources.add(each.strip());
        }
      }
    }
    String remote = request.remoteAddress();
    String host = remote.contains(":") ? remote.substring(0, remote.lastIndexOf(':')) : remote;
    host = host.equals("loopback") ? "127.0.0.1" : host.replaceAll("[\\[\\]]", "");
    if (!sources.contains(host)) {
      sources.add(host);
    }
    return sources;
  }

  /// @param given the body, whose metadata names what the path does not
  static ObjectNode reference(RequestInfo info, @Nullable JsonNode given) {
    JsonNode metadata =
        (given == null ? JsonNodeFactory.instance.missingNode() : given).path("metadata");
    ObjectNode reference = JsonNodeFactory.instance.objectNode();
    reference.put("resource", info.resource());
    put(reference, "namespace", info.namespace());
    put(reference, "name", info.name().isEmpty() ? metadata.path("name").asText("") : info.name());
    put(reference, "uid", metadata.path("uid").asText(""));
    put(reference, "apiGroup", info.group());
    put(reference, "apiVersion", info.version());
    put(reference, "resourceVersion", metadata.path("resourceVersion").asText(""));
    put(reference, "subresource", info.subresource());
    return reference;
  }

  private static void put(ObjectNode reference, String field, String value) {
    if (!value.isEmpty()) {
      reference.put(field, value);
    }
  }
}
