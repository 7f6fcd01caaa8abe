// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.node.ObjectNode;

/// Answers what is created only to be answered: access reviews, token reviews, token requests.
@FunctionalInterface
public interface Reviews {
  /// The given object completed with its status.
  ///
  /// @param subject for a subresource the object it belongs to, else an empty one
  ObjectNode answer(Call call, ObjectNode given, ObjectNode subject);
}
