// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.dns;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Answers of other name servers, for as long as these allow; those that were asked for longest ago
/// go first. Threads: any.
final class AnswerCache {
  static final int ENTRIES_MAX = 10_000;
  private static final int ENTRY_BYTES_MAX = 4_096;

  private final InstantSource clock;
  private final Map<Key, Kept> entries = new LinkedHashMap<>(16, 0.75f, true);

  private record Key(String name, int type, boolean wantsSignatures) {
    static Key of(Question question) {
      return new Key(question.name(), question.type(), question.wantsSignatures());
    }
  }

  private record Kept(Message message, Instant since) {}

  AnswerCache(InstantSource clock) {
    this.clock = clock;
  }

  synchronized Optional<Message> find(Question question) {
    Key key = Key.of(question);
    @Nullable Kept kept = entries.get(key);
    if (kept == null) {
      return Optional.empty();
    }
    long age = Duration.between(kept.since(), clock.instant()).toSeconds();
    if (age < 0 || age >= kept.message().ttlSeconds()) {
      entries.remove(key);
      return Optional.empty();
    }
    byte[] bytes = kept.message().bytes().clone();
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    for (int offset : kept.message().ttlOffsets()) {
      buffer.putInt(offset, (int) Math.max(0, buffer.getInt(offset) - age));
    }
    return Optional.of(
        new Message(
            bytes,
            kept.message().ttlOffsets(),
            kept.message().ttlSeconds(),
            kept.message().records()));
  }

  synchronized void keep(Question question, Message message) {
    boolean mayBe =
        message.ttlSeconds() > 0
            && !message.isTruncated()
            && message.bytes().length <= ENTRY_BYTES_MAX
            && (message.code() == Answer.NO_ERROR || message.code() == Answer.NAME_ERROR);
    if (!mayBe) {
      return;
    }
    entries.put(Key.of(question), new Kept(message, clock.instant()));
    if (entries.size() > ENTRIES_MAX) {
      entries.remove(entries.keySet().iterator().next());
    }
  }

  synchronized int size() {
    return entries.size();
  }
}
