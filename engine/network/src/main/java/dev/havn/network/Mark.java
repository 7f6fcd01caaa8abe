// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import dev.havn.reconcile.Reconciler;

/// Whose rules are to be computed.
record Mark(Kind kind, Reconciler.Key key) {
  enum Kind {
    POD,
    SERVICE,
    POLICIES
  }

  String owner() {
    return kind + " " + key;
  }
}
