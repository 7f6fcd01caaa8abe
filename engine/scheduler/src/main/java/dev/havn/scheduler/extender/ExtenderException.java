// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.extender;

/// An extender gave no answer, or one that makes no sense; the message is what kube-scheduler would
/// say.
public final class ExtenderException extends RuntimeException {
  private static final long serialVersionUID = 1;

  ExtenderException(String message) {
    super(message);
  }

  ExtenderException(String message, Throwable cause) {
    super(message, cause);
  }
}
