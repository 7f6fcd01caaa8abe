// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.apiserver.http.Credential;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Query;
import dev.havn.apiserver.http.Request;
import java.util.Map;

/// Somebody asks at a door.
record DoorRequest(String path, Headers headers, Credential credential, String remoteAddress)
    implements Request {
  /// @param from an address
  static DoorRequest withToken(String token, String from) {
    return new DoorRequest(
        "/metrics",
        new Headers().set("authorization", "Bearer " + token),
        new Credential.None(),
        from + ":40000");
  }

  @Override
  public String method() {
    return "GET";
  }

  @Override
  public Query query() {
    return new Query(Map.of());
  }

  @Override
  public byte[] body(int bytesMax) {
    return new byte[0];
  }
}
