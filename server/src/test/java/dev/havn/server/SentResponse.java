// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.apiserver.http.BodyStream;
import dev.havn.apiserver.http.ByteDuplex;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Response;
import dev.havn.apiserver.http.WebSocket;
import java.nio.ByteBuffer;
import java.util.List;

/// What a handler has sent, which is no stream.
final class SentResponse implements Response {
  private int status;
  private Headers headers = new Headers();

  int status() {
    return status;
  }

  Headers headers() {
    return headers;
  }

  @Override
  public void send(int status, Headers headers, List<ByteBuffer> body) {
    this.status = status;
    this.headers = headers;
  }

  @Override
  public BodyStream stream(int status, Headers headers) {
    throw new AssertionError("no stream was asked for");
  }

  @Override
  public WebSocket acceptWebSocket(String subprotocol) {
    throw new AssertionError("no stream was asked for");
  }

  @Override
  public ByteDuplex acceptUpgrade(String protocol, Headers headers) {
    throw new AssertionError("no stream was asked for");
  }
}
