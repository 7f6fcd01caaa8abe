// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

/// An HTTP request as a door hands it in.
public interface Request {
  /// Upper case, such as `GET`.
  String method();

  /// Percent-decoded, without the query.
  String path();

  Query query();

  Headers headers();

  /// The whole body, read now.
  ///
  /// @param bytes_max the longest body taken
  /// @throws BodyTooLargeException when it is longer; the rest is not read
  byte[] body(int bytes_max);

  Credential credential();

  /// Where the request came from, such as `127.0.0.1:53124`; `loopback` inside the process.
  String remoteAddress();
}
