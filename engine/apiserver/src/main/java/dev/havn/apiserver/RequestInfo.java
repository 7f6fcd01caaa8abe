// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import dev.havn.apiserver.http.Request;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// What a request asks, read from its method and path.
///
/// @param resource empty for a path that is no resource (`/version`, discovery)
/// @param verb of Kubernetes for a resource (`list`, `watch`, ...), else the method in lower case
/// @param rest what follows the subresource, for proxies
public record RequestInfo(
    String verb,
    String group,
    String version,
    String namespace,
    String resource,
    String name,
    String subresource,
    String rest,
    String path) {

  public boolean isResource() {
    return !resource.isEmpty();
  }

  /// Whether the path is that of a watch of the old kind, `/api/v1/watch/...`.
  public boolean isLegacyWatch() {
    List<String> parts = parts(path);
    int at = group.isEmpty() ? 2 : 3;
    return parts.size() > at + 1 && parts.get(at).equals("watch");
  }

  private static List<String> parts(String path) {
    List<String> parts = new ArrayList<>(Arrays.asList(path.split("/")));
    parts.removeIf(String::isEmpty);
    return parts;
  }

  /// The same of another object.
  public RequestInfo named(String other) {
    return new RequestInfo(
        verb, group, version, namespace, resource, other, subresource, rest, path);
  }

  public static RequestInfo of(Request request) {
    String path = request.path();
    List<String> parts = parts(path);
    boolean core = parts.size() >= 3 && parts.get(0).equals("api");
    boolean named = parts.size() >= 4 && parts.get(0).equals("apis");
    if (!core && !named) {
      return new RequestInfo(
          request.method().toLowerCase(java.util.Locale.ROOT), "", "", "", "", "", "", "", path);
    }
    String group = core ? "" : parts.get(1);
    String version = core ? parts.get(1) : parts.get(2);
    List<String> left = parts.subList(core ? 2 : 3, parts.size());
    boolean legacyWatch = left.getFirst().equals("watch") && left.size() > 1;
    if (legacyWatch) {
      left = left.subList(1, left.size());
    }
    String namespace = "";
    if (left.size() >= 3
        && left.getFirst().equals("namespaces")
        && !isNamespaceSubresource(left.get(2), left.size())) {
      namespace = left.get(1);
      left = left.subList(2, left.size());
    }
    String resource = left.getFirst();
    String name = left.size() > 1 ? left.get(1) : "";
    String subresource = left.size() > 2 ? left.get(2) : "";
    String rest = left.size() > 3 ? "/" + String.join("/", left.subList(3, left.size())) : "";
    String verb = verb(request, name, subresource, legacyWatch);
    return new RequestInfo(
        verb, group, version, namespace, resource, name, subresource, rest, path);
  }

  private static boolean isNamespaceSubresource(String word, int size) {
    return size == 3 && (word.equals("status") || word.equals("finalize"));
  }

  private static String verb(Request request, String name, String subresource, boolean watch) {
    if (watch) {
      return "watch";
    }
    return switch (request.method()) {
      case "GET", "HEAD" -> {
        String asked = request.query().first("watch");
        boolean watches =
            name.isEmpty()
                && asked != null
                && !asked.equals("0")
                && !asked.equalsIgnoreCase("false");
        if (watches && subresource.isEmpty()) {
          yield "watch";
        }
        yield name.isEmpty() ? "list" : "get";
      }
      case "POST" -> "create";
      case "PUT" -> "update";
      case "PATCH" -> "patch";
      case "DELETE" -> name.isEmpty() ? "deletecollection" : "delete";
      default -> "";
    };
  }
}
