// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.compatibility;

/// What becomes of a field.
enum FieldState {
  /// Some part of Havn acts on it as Kubernetes does.
  HONOURED,
  /// Checked, defaulted, stored and shown as with Kubernetes; nobody in Havn acts on it.
  KEPT,
  /// Whoever would have to act on it says that it cannot.
  REFUSED
}
