// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.credential;

import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a plugin has answered, each answer for a time. When that gets too much, an answer goes of
/// whoever has got most of it, the one that was of use longest ago: nobody's questions push out
/// what others have, unless those have more. For many threads.
final class KeptAnswers {
  /// Of short answers a thousand.
  static final int CHARACTERS_MAX = 8 << 20;

  /// What an answer takes at least, with all around it.
  static final int CHARACTERS_LEAST = CHARACTERS_MAX / 1_000;

  private final InstantSource clock;
  private final Map<String, Kept> kept = new LinkedHashMap<>(16, 0.75f, true);
  private final Map<String, Integer> charactersByAsker = new HashMap<>();
  private int characters;

  private record Kept(Keyring keyring, String asker, int characters, Instant until) {}

  KeptAnswers(InstantSource clock) {
    this.clock = clock;
  }

  synchronized @Nullable Keyring get(String key) {
    @Nullable Kept found = kept.get(key);
    if (found == null || !clock.instant().isBefore(found.until())) {
      return null;
    }
    return found.keyring();
  }

  /// @param asker for whom the plugin was asked
  /// @param length of the answer and its key
  synchronized void put(String key, Keyring keyring, String asker, int length, Instant until) {
    Instant now = clock.instant();
    kept.entrySet().stream()
        .filter(each -> !now.isBefore(each.getValue().until()))
        .map(Map.Entry::getKey)
        .toList()
        .forEach(this::forget);
    forget(key);
    Kept fresh = new Kept(keyring, asker, Math.max(CHARACTERS_LEAST, length), until);
    kept.put(key, fresh);
    characters += fresh.characters();
    charactersByAsker.merge(asker, fresh.characters(), Integer::sum);
    while (characters > CHARACTERS_MAX) {
      forgetOne();
    }
  }

  private void forget(String key) {
    @Nullable Kept gone = kept.remove(key);
    if (gone != null) {
      characters -= gone.characters();
      charactersByAsker.computeIfPresent(
          gone.asker(), (_, all) -> all == gone.characters() ? null : all - gone.characters());
    }
  }

  private void forgetOne() {
    String most =
        charactersByAsker.entrySet().stream()
            .max(Map.Entry.comparingByValue())
            .orElseThrow()
            .getKey();
    for (Map.Entry<String, Kept> each : kept.entrySet()) {
      if (each.getValue().asker().equals(most)) {
        forget(each.getKey());
        return;
      }
    }
  }
}
