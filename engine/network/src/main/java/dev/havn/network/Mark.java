// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import dev.havn.reconcile.Reconciler;

/// Whose rules are to be computed.
record Mark(Kind kind, Reconciler.Key key) {
  enum Kind {
    POD,
    SERVICE,
    /// All policies, with whatever they speak of.
    POLICIES,

    /// A pod as policies see it.
    POLICED
  }

  String owner() {
    return kind + " " + key;
  }
}
