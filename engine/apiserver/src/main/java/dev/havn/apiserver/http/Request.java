// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

import java.io.ByteArrayInputStream;
import java.io.InputStream;

/// An HTTP request as a door hands it in.
public interface Request {
  /// Of a body that a door holds in memory anyway.
  int BODY_IN_MEMORY_BYTES_MAX = 64 << 20;

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

  /// The body as it comes, however long it is: what is not read yet is not taken from the peer
  /// either. Used instead of [#body(int)].
  default InputStream bodyStream() {
    return new ByteArrayInputStream(body(BODY_IN_MEMORY_BYTES_MAX));
  }

  /// Path and query as they were sent, percent-encoded.
  default String target() {
    return RequestTarget.encode(path(), query());
  }

  Credential credential();

  /// Where the request came from, such as `127.0.0.1:53124`; `loopback` inside the process.
  String remoteAddress();
}
