// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.audit;

/// How much of a request is kept, the least first.
public enum AuditLevel {
  NONE("None"),
  METADATA("Metadata"),
  REQUEST("Request"),
  REQUEST_RESPONSE("RequestResponse");

  private final String text;

  AuditLevel(String text) {
    this.text = text;
  }

  boolean isAtLeast(AuditLevel other) {
    return compareTo(other) >= 0;
  }

  @Override
  public String toString() {
    return text;
  }
}
