// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import dev.havn.apiserver.definition.Definitions;
import dev.havn.apiserver.dynamic.PolicyStatus;
import dev.havn.apiserver.http.BodyStream;
import dev.havn.apiserver.http.ByteDuplex;
import dev.havn.apiserver.http.Credential;
import dev.havn.apiserver.http.Handler;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Query;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.Response;
import dev.havn.apiserver.http.UnsupportedUpgradeException;
import dev.havn.apiserver.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/// A request of the API server to itself, with a whole answer.
final class Internal {
  private Internal() {}

  record Answer(int status, String body) {}

  static Answer call(Handler handler, String method, String path, Headers headers, String body) {
    headers.set("user-agent", "kube-apiserver");
    Collected collected = new Collected();
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    handler.handle(new Own(method, path, new Query(Map.of()), headers, bytes), collected);
    return new Answer(collected.status, collected.body.toString());
  }

  /// What asks for the sake of definitions.
  static Definitions.Caller caller(Handler handler) {
    return (method, path, body) -> {
      Headers headers = new Headers();
      if (method.equals("PATCH")) {
        headers.set("content-type", "application/merge-patch+json");
      }
      Answer answer = call(handler, method, path, headers, body);
      return new Definitions.Caller.Answer(answer.status(), answer.body());
    };
  }

  /// What applies the status of policies.
  static PolicyStatus.Applier applier(Handler handler) {
    Query query =
        new Query(Map.of("fieldManager", List.of(PolicyStatus.MANAGER), "force", List.of("true")));
    return (path, object) -> {
      Headers headers = new Headers();
      headers.set("content-type", "application/apply-patch+yaml");
      headers.set("user-agent", "kube-apiserver");
      Collected collected = new Collected();
      byte[] bytes = object.getBytes(StandardCharsets.UTF_8);
      handler.handle(new Own("PATCH", path, query, headers, bytes), collected);
      return collected.status;
    };
  }

  private record Own(String method, String path, Query query, Headers headers, byte[] bytes)
      implements Request {

    @Override
    public byte[] body(int bytesMax) {
      return bytes;
    }

    @Override
    public Credential credential() {
      return new Credential.Loopback("system:apiserver", List.of("system:masters"));
    }

    @Override
    public String remoteAddress() {
      return "loopback";
    }
  }

  private static final class Collected implements Response {
    private final StringBuilder body = new StringBuilder();
    private int status;

    @Override
    public void send(int code, Headers headers, List<ByteBuffer> buffers) {
      status = code;
      buffers.forEach(buffer -> body.append(StandardCharsets.UTF_8.decode(buffer.duplicate())));
    }

    @Override
    public BodyStream stream(int code, Headers headers) {
      throw new UnsupportedUpgradeException("no streams here");
    }

    @Override
    public WebSocket acceptWebSocket(String subprotocol) {
      throw new UnsupportedUpgradeException("no WebSockets here");
    }

    @Override
    public ByteDuplex acceptUpgrade(String protocol, Headers headers) {
      throw new UnsupportedUpgradeException("no upgrades here");
    }
  }
}
