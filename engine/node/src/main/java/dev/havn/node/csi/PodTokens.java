// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.csi;

import io.fabric8.kubernetes.api.model.Pod;
import org.jspecify.annotations.Nullable;

/// Tokens of the service account of a pod, for drivers that act in its name.
@FunctionalInterface
public interface PodTokens {
  /// @param expires as RFC 3339 writes it
  record Token(String text, String expires) {}

  /// @param audience empty for that of the API
  /// @param seconds that it is to live, null for what the API chooses
  Token of(Pod pod, String audience, @Nullable Long seconds);
}
