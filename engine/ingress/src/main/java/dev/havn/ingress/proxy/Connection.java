// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.proxy;

import dev.havn.ingress.routing.RoutingTable.DoorId;

/// Where a request came in.
///
/// @param secure whether over TLS
/// @param name that the client asked for in its greeting, in lower case, or empty
/// @param client its address
/// @param isHttp2 whether it is a stream among others
record Connection(DoorId door, boolean secure, String name, String client, boolean isHttp2) {
  Connection http2() {
    return new Connection(door, secure, name, client, true);
  }

  Connection over(String askedName) {
    return new Connection(door, true, askedName, client, isHttp2);
  }

  String scheme() {
    return secure ? "https" : "http";
  }
}
