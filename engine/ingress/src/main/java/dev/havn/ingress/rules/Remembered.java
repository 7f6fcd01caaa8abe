// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.rules;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// What costs much to make, kept from one look at everything to the next as long as it is asked
/// for: most changes of a cluster concern none of it. Of one thread.
public final class Remembered<K, T> {
  private final int most;
  private Map<K, T> before = Map.of();
  private Map<K, T> now = new HashMap<>();

  /// @param most what is more than these is made each time
  public Remembered(int most) {
    this.most = most;
  }

  /// Begins another look: what the last one did not ask for is forgotten.
  public void turn() {
    before = now;
    now = new HashMap<>();
  }

  /// @param make is called where nothing is known
  public T get(K key, Function<K, T> make) {
    @Nullable T known = now.get(key);
    if (known == null) {
      @Nullable T old = before.get(key);
      known = old == null ? make.apply(key) : old;
      if (now.size() < most) {
        now.put(key, known);
      }
    }
    return known;
  }
}
