// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.transport;

import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.ssl.NotSslRecordException;
import java.io.EOFException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.nio.channels.ClosedChannelException;
import java.security.cert.CertificateException;
import java.util.Locale;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// What went wrong on the way to a server, as Kubernetes' network library says it.
public final class NetworkWords {
  /// `HTTP/` as Netty shows the bytes that are no TLS record.
  private static final String HTTP_IN_HEX = "485454502f";

  private NetworkWords() {}

  /// The words for a failure, whatever it is wrapped in.
  public static String of(@Nullable Throwable failure) {
    for (Throwable each = failure; each != null; each = each.getCause()) {
      if (each instanceof CertificateException) {
        return String.valueOf(each.getMessage());
      }
    }
    Throwable cause = failure == null ? new EOFException() : failure;
    while (cause instanceof DecoderException
        && cause.getCause() != null
        && !(cause instanceof NotSslRecordException)) {
      cause = cause.getCause();
    }
    String message = String.valueOf(cause.getMessage());
    return switch (cause) {
      case ConnectException e ->
          "dial tcp " + address(message) + ": connect: " + reason(message, e);
      case NoRouteToHostException _ ->
          "dial tcp " + address(message) + ": connect: no route to host";
      case EOFException _ -> "EOF";
      case ClosedChannelException _ -> "EOF";
      case NotSslRecordException _ ->
          message.contains(HTTP_IN_HEX)
              ? "http: server gave HTTP response to HTTPS client"
              : "tls: first record does not look like a TLS handshake";
      case TooLongFrameException _ -> "the answer is too large";
      case SSLException _ ->
          message.startsWith("Received fatal alert: ")
              ? "remote error: tls: "
                  + message.replace("Received fatal alert: ", "").replace('_', ' ')
              : "tls: " + message;
      default ->
          message.equals("Connection reset") ? "read tcp: connection reset by peer" : message;
    };
  }

  /// Netty says `Connection refused: /127.0.0.1:1` and `connection timed out: ...`.
  private static String address(String message) {
    return message.replaceFirst("^.*: ", "").replaceFirst("^.*/", "");
  }

  private static String reason(String message, ConnectException e) {
    String lower = message.toLowerCase(Locale.ROOT);
    return lower.contains("timed out")
        ? "connection timed out"
        : lower.contains("refused") ? "connection refused" : e.getClass().getSimpleName();
  }
}
