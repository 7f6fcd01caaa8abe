// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import dev.havn.apiserver.flowcontrol.FlowControl;
import dev.havn.apiserver.http.BodyStream;
import dev.havn.apiserver.http.ByteDuplex;
import dev.havn.apiserver.http.EndingStream;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Response;
import dev.havn.apiserver.http.WebSocket;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;

/// A response that tells the metrics how it was given.
final class ObservedResponse implements Response {
  private static final int SWITCHING = 101;

  private final Response response;
  private final Metrics metrics;
  private final RequestInfo info;
  private final Metrics.Asked asked;
  private final Instant since;
  private FlowControl.Place place = FlowControl.Place.NONE;

  ObservedResponse(Response response, Metrics metrics, RequestInfo info, Metrics.Asked asked) {
    this.response = response;
    this.metrics = metrics;
    this.info = info;
    this.asked = asked;
    this.since = metrics.now();
    metrics.begun(asked, info);
  }

  /// Answers say from now on where the request belongs.
  void classified(FlowControl.Place belongs) {
    place = belongs;
  }

  private Headers marked(Headers headers) {
    if (!place.schemaUid().isEmpty()) {
      headers.set("x-kubernetes-pf-flowschema-uid", place.schemaUid());
      headers.set("x-kubernetes-pf-prioritylevel-uid", place.levelUid());
    }
    return headers;
  }

  private void answered(int status) {
    metrics.answered(asked, info, status, since);
  }

  @Override
  public void send(int status, Headers headers, List<ByteBuffer> body) {
    answered(status);
    response.send(status, marked(headers), body);
  }

  @Override
  public BodyStream stream(int status, Headers headers) {
    answered(status);
    BodyStream stream = response.stream(status, marked(headers));
    if (!asked.isLong()) {
      return stream;
    }
    metrics.running(asked, 1);
    return new EndingStream(stream, () -> metrics.running(asked, -1));
  }

  @Override
  public WebSocket acceptWebSocket(String subprotocol) {
    WebSocket socket = response.acceptWebSocket(subprotocol);
    answered(SWITCHING);
    return socket;
  }

  @Override
  public ByteDuplex acceptUpgrade(String protocol, Headers headers) {
    ByteDuplex duplex = response.acceptUpgrade(protocol, marked(headers));
    answered(SWITCHING);
    return duplex;
  }
}
