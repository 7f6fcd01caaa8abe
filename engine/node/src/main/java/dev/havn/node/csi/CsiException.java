// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.csi;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Why a volume is not there, in the kubelet's words.
final class CsiException extends Exception {
  private static final long serialVersionUID = 1;

  /// After these nobody knows whether the driver is still at it, or has done it.
  private static final Set<Status.Code> UNCERTAIN =
      Set.of(
          Status.Code.CANCELLED,
          Status.Code.DEADLINE_EXCEEDED,
          Status.Code.UNAVAILABLE,
          Status.Code.RESOURCE_EXHAUSTED,
          Status.Code.ABORTED);

  private final Status.Code code;

  /// What is wrong before the driver is asked.
  CsiException(String message) {
    super(message);
    this.code = Status.Code.UNKNOWN;
  }

  CsiException(String message, Throwable cause) {
    super(message, cause);
    this.code = Status.Code.UNKNOWN;
  }

  private CsiException(String message, StatusRuntimeException answer) {
    super(message, answer);
    this.code = answer.getStatus().getCode();
  }

  /// What a driver answered, or that it does not.
  static CsiException of(StatusRuntimeException answer, Path socket) {
    return new CsiException(words(answer.getStatus(), socket), answer);
  }

  /// Whether the driver has certainly not done it and does not do it any more.
  boolean isFinal() {
    return getCause() instanceof StatusRuntimeException && !UNCERTAIN.contains(code);
  }

  Status.Code code() {
    return code;
  }

  /// As Go's library writes a status.
  private static String words(Status status, Path socket) {
    String name =
        status.getCode() == Status.Code.CANCELLED
            ? "Canceled"
            : Stream.of(status.getCode().name().split("_"))
                .map(word -> word.charAt(0) + word.substring(1).toLowerCase(Locale.ROOT))
                .collect(Collectors.joining());
    String description =
        switch (status.getCode()) {
          case DEADLINE_EXCEEDED -> "context deadline exceeded";
          case UNAVAILABLE ->
              status.getCause() == null
                  ? String.valueOf(status.getDescription())
                  : "connection error: desc = \"transport: Error while dialing: dial unix %s: %s\""
                      .formatted(socket, status.getCause().getMessage());
          default -> status.getDescription() == null ? "" : status.getDescription();
        };
    return "rpc error: code = %s desc = %s".formatted(name, description);
  }
}
