// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authentication;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What was read from credentials whose signature was found good not long ago: to check and read
/// one costs more than a small request. Everything that can change, such as time, is checked each
/// time.
final class Recent<K, V> {
  private static final int REMEMBERED_MAX = 512;

  private final Map<K, V> known = new LinkedHashMap<>();

  synchronized @Nullable V get(K credential) {
    return known.get(credential);
  }

  synchronized void put(K credential, V read) {
    if (known.put(credential, read) == null && known.size() > REMEMBERED_MAX) {
      known.remove(known.keySet().iterator().next());
    }
  }
}
