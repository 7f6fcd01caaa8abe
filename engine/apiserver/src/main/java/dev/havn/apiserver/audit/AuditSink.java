// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.audit;

import com.fasterxml.jackson.databind.node.ObjectNode;

/// Where audit events go. Called by the threads of requests, several at a time; may make them wait.
@FunctionalInterface
public interface AuditSink extends AutoCloseable {
  /// @param event of `audit.k8s.io/v1`, of the sink's own
  void write(ObjectNode event);

  /// Nothing comes any more.
  @Override
  default void close() {}
}
