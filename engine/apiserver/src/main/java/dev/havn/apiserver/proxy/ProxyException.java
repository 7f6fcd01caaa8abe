// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.proxy;

/// A server that was not reached, or hung up before it answered. Nothing has been answered to the
/// client yet. The message is what Kubernetes' network library says.
public final class ProxyException extends RuntimeException {
  ProxyException(String message, Throwable cause) {
    super(message, cause);
  }
}
