// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.apiserver.http.Handler;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.Response;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.reconcile.Api;
import dev.havn.store.StoreException;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Who may ask a node itself, as a kubelet decides it: users of the API server that may do to the
/// node's subresources what they ask for. Nobody is anonymous. While the API server says nothing of
/// users nobody is known, and while it says nothing of their rights nobody is told more than that.
record KubeletDoor(String node, DoorAccess access, KubeletPages pages) implements Handler {
  private static final Logger LOG = LoggerFactory.getLogger(KubeletDoor.class);
  private static final int TOO_MANY = 429;
  private static final String PROXY = "proxy";
  private static final String TEXT = "text/plain; charset=utf-8";

  @Override
  public void handle(Request request, Response response) {
    try {
      decide(request, response);
    } catch (ApiException e) {
      KubeletPages.refuse(response, e, TEXT, e.getMessage() + "\n");
    }
  }

  private void decide(Request request, Response response) {
    Optional<UserInfo> user = user(request);
    if (user.isEmpty()) {
      KubeletPages.send(response, 401, TEXT, "Unauthorized");
      return;
    }
    String verb = verb(request.method());
    List<String> subresources = subresources(request.path());
    String asked = "(user=%s, verb=%s, resource=nodes, ".formatted(user.get().name(), verb);
    try {
      if (!access.allows(user.get(), verb, node, subresources)) {
        String all = subresources.toString().replace(",", "");
        KubeletPages.send(
            response, 403, TEXT, "Forbidden " + asked + "subresource(s)=" + all + ")\n");
        return;
      }
    } catch (ApiException | Api.RefusedException | StoreException e) {
      requireTime(e);
      LOG.warn("at the door of node {} nobody knows rights: {}", node, e.getMessage());
      String first = subresources.getFirst();
      KubeletPages.send(
          response, 500, TEXT, "Authorization error " + asked + "subresource=" + first + ")");
      return;
    }
    pages.serve(request.path(), request, response);
  }

  private Optional<UserInfo> user(Request request) {
    try {
      return access.user(request);
    } catch (ApiException | Api.RefusedException | StoreException e) {
      requireTime(e);
      LOG.warn("at the door of node {} nobody knows who asks: {}", node, e.getMessage());
      return Optional.empty();
    }
  }

  /// That too many ask at once says nothing of who asks.
  static void requireTime(RuntimeException failure) {
    if (failure instanceof ApiException busy && busy.code() == TOO_MANY) {
      throw busy;
    }
  }

  static String verb(String method) {
    return switch (method) {
      case "POST" -> "create";
      case "PUT" -> "update";
      case "PATCH" -> "patch";
      case "DELETE" -> "delete";
      default -> "get";
    };
  }

  /// Any of them is enough; finer ones come before the one that allows everything (KEP-2862).
  static List<String> subresources(String path) {
    if (isBelow(path, "/stats")) {
      return List.of("stats");
    }
    if (isBelow(path, "/metrics")) {
      return List.of("metrics");
    }
    if (isBelow(path, "/logs")) {
      return List.of("log");
    }
    if (isBelow(path, "/healthz")) {
      return List.of("healthz", PROXY);
    }
    return switch (path.replaceFirst("/+$", "")) {
      case "/pods", "/runningpods" -> List.of("pods", PROXY);
      case "/configz" -> List.of("configz", PROXY);
      default -> List.of(PROXY);
    };
  }

  private static boolean isBelow(String path, String root) {
    return path.equals(root) || path.startsWith(root + "/");
  }
}
