// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

/// What stands behind every door. Called on a virtual thread (over https) or on the caller's thread
/// (loopback); it may block. It answers through exactly one of the methods of [Response]; an
/// exception that escapes is a bug and becomes a 500.
@FunctionalInterface
public interface Handler {
  void handle(Request request, Response response);
}
