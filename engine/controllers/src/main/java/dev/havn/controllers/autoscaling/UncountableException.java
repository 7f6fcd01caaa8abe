// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.autoscaling;

/// A metric proposes no number of replicas; the message says why in Kubernetes' words.
final class UncountableException extends RuntimeException {
  UncountableException(String message) {
    super(message, null, false, false);
  }
}
