// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authentication;

import java.util.Set;

/// What somebody may ask who does not say who he is.
///
/// @param paths those that are open; empty for all
public record AnonymousAccess(boolean enabled, Set<String> paths) {
  /// As Kubernetes does it when nobody says otherwise: everybody may ask, authorization decides.
  public static final AnonymousAccess EVERYWHERE = new AnonymousAccess(true, Set.of());

  boolean isOpen(String path) {
    return enabled && (paths.isEmpty() || paths.contains(path));
  }
}
