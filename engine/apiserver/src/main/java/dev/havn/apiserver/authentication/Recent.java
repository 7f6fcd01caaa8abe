// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authentication;

import java.util.LinkedHashSet;
import java.util.Set;

/// Credentials whose signature was found good not long ago: to check one costs more than a small
/// request. Everything that can change, such as time, is checked each time.
final class Recent<T> {
  private static final int REMEMBERED_MAX = 512;

  private final Set<T> known = new LinkedHashSet<>();

  synchronized boolean contains(T credential) {
    return known.contains(credential);
  }

  synchronized void add(T credential) {
    if (known.add(credential) && known.size() > REMEMBERED_MAX) {
      known.remove(known.iterator().next());
    }
  }
}
