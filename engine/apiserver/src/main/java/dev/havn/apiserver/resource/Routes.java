// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import dev.havn.apiserver.RequestInfo;
import dev.havn.schema.ResourceType;
import java.util.List;
import java.util.Set;

/// Which paths there are below the resources of Kubernetes' own kinds, and which methods each
/// takes. A path that there is not is told before a method that it does not take, and that before
/// all that a request says.
final class Routes {
  private static final List<String> NAMED = List.of("get", "update", "patch", "delete");
  private static final Set<String> PROXIED =
      Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");

  private Routes() {}

  /// @throws ApiException 404 for a path that there is not, 405 for a method that it does not take
  static void check(Call call) {
    if (!hasPath(call.info(), call.type())) {
      throw ApiException.unknownPath();
    }
    if (!takes(call)) {
      throw ApiException.methodNotAllowed();
    }
  }

  private static boolean hasPath(RequestInfo info, ResourceType type) {
    boolean everywhere = type.namespaced() && info.namespace().isEmpty();
    boolean named = !info.name().isEmpty();
    boolean watch = info.isLegacyWatch();
    if (watch && (!type.verbs().contains("watch") || !info.subresource().isEmpty())) {
      return false;
    }
    if (everywhere) {
      return !named && type.verbs().contains("list");
    }
    if (!info.subresource().isEmpty()) {
      boolean below = !info.rest().isEmpty() && !info.subresource().equals("proxy");
      return !below && type.subresources().stream().anyMatch(each -> isNamed(each, info));
    }
    return !named || NAMED.stream().anyMatch(type.verbs()::contains);
  }

  private static boolean isNamed(ResourceType.Subresource part, RequestInfo info) {
    return part.name().equals(info.subresource());
  }

  private static boolean takes(Call call) {
    RequestInfo info = call.info();
    ResourceType type = call.type();
    String method = call.request().method();
    if (info.subresource().equals("proxy")) {
      return PROXIED.contains(method);
    }
    if (method.equals("HEAD") || info.isLegacyWatch() && !method.equals("GET")) {
      return false;
    }
    if (!info.subresource().isEmpty()) {
      return type.subresources().stream()
          .anyMatch(each -> isNamed(each, info) && each.verbs().contains(info.verb()));
    }
    boolean everywhere = type.namespaced() && info.namespace().isEmpty();
    return switch (method) {
      case "GET" -> type.verbs().contains(info.name().isEmpty() ? "list" : "get");
      case "POST" -> info.name().isEmpty() && !everywhere && type.verbs().contains("create");
      case "DELETE" -> !everywhere && type.verbs().contains(info.verb());
      case "PUT", "PATCH" -> !info.name().isEmpty() && type.verbs().contains(info.verb());
      default -> false;
    };
  }
}
