// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.audit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.havn.apiserver.http.BodyStream;
import dev.havn.apiserver.http.ByteDuplex;
import dev.havn.apiserver.http.EndingStream;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Response;
import dev.havn.apiserver.http.WebSocket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A response whose answers become part of audit events, and which tells the client their id.
final class RecordedResponse implements Response {
  private static final int SWITCHING = 101;
  private static final int BYTES_MAX = 4 << 20;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Response response;
  private final AuditedRequest audited;

  RecordedResponse(Response response, AuditedRequest audited) {
    this.response = response;
    this.audited = audited;
  }

  @Override
  public void send(int status, Headers headers, List<ByteBuffer> body) {
    if (audited.isKept()) {
      headers.set("audit-id", audited.id());
      int bytes = body.stream().mapToInt(ByteBuffer::remaining).sum();
      audited.completed(status, audited.isRead(status, bytes) ? tree(headers, body, bytes) : null);
    }
    response.send(status, headers, body);
  }

  /// The answer as JSON; null when it is something else, or too long to be kept.
  private static @Nullable JsonNode tree(Headers headers, List<ByteBuffer> body, int length) {
    @Nullable String type = headers.first("content-type");
    if (type == null || !type.startsWith("application/json") || length > BYTES_MAX) {
      return null;
    }
    ByteBuffer all = ByteBuffer.allocate(length);
    body.forEach(each -> all.put(each.duplicate()));
    try {
      return JSON.readTree(all.array());
    } catch (IOException noJson) {
      return null;
    }
  }

  @Override
  public BodyStream stream(int status, Headers headers) {
    if (!audited.isKept()) {
      return response.stream(status, headers);
    }
    headers.set("audit-id", audited.id());
    audited.started(status);
    return new EndingStream(
        response.stream(status, headers), () -> audited.completed(status, null));
  }

  @Override
  public WebSocket acceptWebSocket(String subprotocol) {
    WebSocket socket = response.acceptWebSocket(subprotocol);
    audited.started(SWITCHING);
    return socket;
  }

  @Override
  public ByteDuplex acceptUpgrade(String protocol, Headers headers) {
    ByteDuplex duplex = response.acceptUpgrade(protocol, headers);
    audited.started(SWITCHING);
    return duplex;
  }
}
