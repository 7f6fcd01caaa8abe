// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.autoscaling;

import com.fasterxml.jackson.databind.node.ObjectNode;

/// What one metric has to say about the number of replicas.
sealed interface Proposal {
  /// @param metric how conditions and events call it
  /// @param status for `status.currentMetrics`
  record Valid(int replicas, String metric, ObjectNode status) implements Proposal {}

  /// It says nothing.
  ///
  /// @param reason of the condition and the event
  /// @param why in both
  /// @param error the same where it is named among several metrics
  record Invalid(String reason, String why, String error) implements Proposal {
    static final String UNKNOWN_TYPE = "InvalidMetricSourceType";

    /// Whether what was asked for cannot be.
    boolean isOfSpec() {
      return reason.equals(UNKNOWN_TYPE);
    }
  }
}
