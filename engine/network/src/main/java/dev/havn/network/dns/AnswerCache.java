// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.dns;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Answers of other name servers, for as long as these allow; those that were asked for longest ago
/// go first. Threads: any.
final class AnswerCache {
  static final int ENTRIES_MAX = 10_000;
  static final int BYTES_MAX = 8 << 20;
  private static final int ENTRY_BYTES_MAX = 4_096;

  /// What an entry takes beside its name and its answer, about.
  private static final int ENTRY_BYTES = 200;

  private final InstantSource clock;
  private final Map<Key, Kept> entries = new LinkedHashMap<>(16, 0.75f, true);
  private long bytes;

  private record Key(String name, int type, boolean wantsSignatures) {
    static Key of(Question question) {
      return new Key(question.name(), question.type(), question.wantsSignatures());
    }
  }

  private record Kept(byte[] message, int ttlSeconds, Instant since) {}

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
    if (age < 0 || age >= kept.ttlSeconds()) {
      bytes -= size(key, kept);
      entries.remove(key);
      return Optional.empty();
    }
    Optional<Message> message = Message.parse(kept.message().clone());
    message.ifPresent(
        each -> {
          ByteBuffer buffer = ByteBuffer.wrap(each.bytes());
          for (int offset : each.ttlOffsets()) {
            buffer.putInt(offset, (int) Math.max(0, buffer.getInt(offset) - age));
          }
        });
    return message;
  }

  /// Answers to who asked for less than all that a name server can do are not what others want.
  synchronized void keep(Question question, Message message) {
    boolean mayBe =
        message.ttlSeconds() > 0
            && question.wantsRecursion()
            && !question.wantsUnchecked()
            && !message.isTruncated()
            && message.bytes().length <= ENTRY_BYTES_MAX
            && (message.code() == Answer.NO_ERROR || message.code() == Answer.NAME_ERROR);
    if (!mayBe) {
      return;
    }
    Key key = Key.of(question);
    Kept kept = new Kept(message.bytes(), message.ttlSeconds(), clock.instant());
    @Nullable Kept before = entries.put(key, kept);
    bytes += size(key, kept) - (before == null ? 0 : size(key, before));
    Iterator<Map.Entry<Key, Kept>> oldest = entries.entrySet().iterator();
    while (entries.size() > ENTRIES_MAX || bytes > BYTES_MAX) {
      Map.Entry<Key, Kept> each = oldest.next();
      bytes -= size(each.getKey(), each.getValue());
      oldest.remove();
    }
  }

  private static long size(Key key, Kept kept) {
    return kept.message().length + 2L * key.name().length() + ENTRY_BYTES;
  }

  synchronized int size() {
    return entries.size();
  }

  /// How many there are of answers, and of answers that there is nothing.
  record Sizes(int answers, int denials) {}

  synchronized Sizes sizes() {
    int denials = 0;
    for (Kept each : entries.values()) {
      boolean isEmpty = each.message()[6] == 0 && each.message()[7] == 0;
      denials += isEmpty || (each.message()[3] & 0xf) == Answer.NAME_ERROR ? 1 : 0;
    }
    return new Sizes(entries.size() - denials, denials);
  }
}
