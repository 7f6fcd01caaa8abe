// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.proxy;

import dev.havn.apiserver.http.Headers;

/// Changes answers that must be read whole for it; others pass by as they come.
public interface Rewriting {
  /// Whether an answer is to be changed.
  boolean applies(Headers answer);

  /// The body as the client is to get it.
  byte[] rewritten(byte[] body);
}
