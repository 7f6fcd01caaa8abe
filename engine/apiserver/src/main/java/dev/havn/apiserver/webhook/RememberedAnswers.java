// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.webhook;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a webhook answered not long ago, by what it was asked; those used last are kept. For many
/// threads.
public final class RememberedAnswers<V> {
  private static final int KEPT_MAX = 8_192;

  private final InstantSource clock;
  private final Map<String, Kept<V>> kept = new LinkedHashMap<>(16, 0.75f, true);

  private record Kept<V>(V answer, Instant until) {}

  public RememberedAnswers(InstantSource clock) {
    this.clock = clock;
  }

  /// A question of several parts, in few characters: parts may be long, or secret.
  public static String question(List<String> parts) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (String each : parts) {
        byte[] bytes = each.getBytes(StandardCharsets.UTF_8);
        digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).flip());
        digest.update(bytes);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("SHA-256 is part of every JDK", e);
    }
  }

  public synchronized @Nullable V get(String question) {
    @Nullable Kept<V> found = kept.get(question);
    if (found == null) {
      return null;
    }
    if (!clock.instant().isBefore(found.until())) {
      kept.remove(question);
      return null;
    }
    return found.answer();
  }

  /// @param lifetime nothing is kept when it is zero
  public synchronized void put(String question, V answer, Duration lifetime) {
    if (lifetime.isZero()) {
      return;
    }
    kept.put(question, new Kept<>(answer, clock.instant().plus(lifetime)));
    if (kept.size() > KEPT_MAX) {
      kept.remove(kept.keySet().iterator().next());
    }
  }
}
