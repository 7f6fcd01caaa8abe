// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.cri;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.Locale;

/// A runtime has refused a call, or did not answer. The message is as kubelets show it.
public final class CriException extends RuntimeException {
  private final Status.Code code;
  private final String description;

  CriException(StatusRuntimeException cause) {
    this(cause.getStatus(), cause);
  }

  private CriException(Status status, Throwable cause) {
    super("rpc error: code = %s desc = %s".formatted(name(status.getCode()), text(status)), cause);
    this.code = status.getCode();
    this.description = text(status);
  }

  private static String text(Status status) {
    String said = status.getDescription() == null ? "" : status.getDescription();
    // Of a socket that nobody listens at gRPC says no more than that.
    boolean saysNothing = said.isEmpty() || said.equals("io exception");
    return saysNothing && status.getCause() != null
        ? String.valueOf(status.getCause().getMessage())
        : said;
  }

  /// As Go's gRPC names codes.
  private static String name(Status.Code code) {
    if (code == Status.Code.CANCELLED) {
      return "Canceled";
    }
    if (code == Status.Code.OK) {
      return "OK";
    }
    StringBuilder name = new StringBuilder();
    for (String word : code.name().split("_")) {
      name.append(word.charAt(0)).append(word.substring(1).toLowerCase(Locale.ROOT));
    }
    return name.toString();
  }

  /// What the runtime says, without its code.
  public String description() {
    return description;
  }

  public boolean isNotFound() {
    return code == Status.Code.NOT_FOUND;
  }

  /// Whether the runtime does not know the call.
  public boolean isUnimplemented() {
    return code == Status.Code.UNIMPLEMENTED;
  }

  /// Whether time was up.
  public boolean isTimeout() {
    return code == Status.Code.DEADLINE_EXCEEDED || description.contains("deadline exceeded");
  }
}
