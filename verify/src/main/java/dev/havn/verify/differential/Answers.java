// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;

/// Something that answers requests as an API server does, on behalf of an administrator.
interface Answers extends AutoCloseable {

  /// One request, the same for all.
  record Call(String method, String path, String contentType, String body) {}

  /// An answer; the body is a text node where it is no JSON object.
  record Answer(int status, JsonNode body) {
    /// The server hung up: some requests make kube-apiserver panic.
    static final Answer NONE = new Answer(0, MissingNode.getInstance());
  }

  Answer send(Call call);

  @Override
  void close();
}
