// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.aggregation;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.Response;

/// One version of a group that usually another server would serve, and that this process does as
/// long as no APIService names a Service for it.
public interface InnerApi {
  String group();

  String version();

  /// The plain `APIResourceList`.
  ObjectNode resources();

  /// Where its OpenAPI document is, below this server's.
  String openApi();

  /// Answers a request that may be answered, also those for [#resources()] and [#openApi()].
  void handle(Request request, Response response);
}
