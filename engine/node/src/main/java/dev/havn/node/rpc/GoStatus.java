// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.rpc;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// A failed call in the words of gRPC's Go library, which events of a kubelet quote.
public final class GoStatus {
  private GoStatus() {}

  public static String words(StatusRuntimeException failed) {
    Status status = failed.getStatus();
    return switch (status.getCode()) {
      case DEADLINE_EXCEEDED -> words("DeadlineExceeded", "context deadline exceeded");
      case CANCELLED -> words("Canceled", description(status));
      default -> words(name(status), description(status));
    };
  }

  private static String name(Status status) {
    return Stream.of(status.getCode().name().split("_"))
        .map(word -> word.charAt(0) + word.substring(1).toLowerCase(Locale.ROOT))
        .collect(Collectors.joining());
  }

  private static String description(Status status) {
    return status.getDescription() == null ? "" : status.getDescription();
  }

  private static String words(String code, String description) {
    return "rpc error: code = %s desc = %s".formatted(code, description);
  }
}
