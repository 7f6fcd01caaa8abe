// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Keeps events few, as client-go does: the same again is counted up, ten that differ only in their
/// words within ten minutes become one, and who says a lot of one object is heard 25 times and then
/// once in five minutes. Remembers what was used last. For many threads.
final class EventCorrelator {
  private static final int REMEMBERED_MAX = 4_096;
  private static final int SIMILAR_MAX = 10;
  private static final Duration SIMILAR_WITHIN = Duration.ofMinutes(10);
  private static final int BURST = 25;
  private static final Duration REFILL = Duration.ofMinutes(5);
  private static final String COMBINED = "(combined from similar events): ";

  private final Map<Object, Similar> similar = new Recent<>();
  private final Map<Object, Known> known = new Recent<>();
  private final Map<Object, Bucket> buckets = new Recent<>();

  /// What is said, by whom and of what.
  ///
  /// @param source the component and its host
  /// @param object what is meant: kind, namespace, name, uid
  /// @param part of the object, or empty
  record Saying(
      String source, String object, String part, String type, String reason, String message) {}

  /// What is to be written.
  ///
  /// @param name of the event
  /// @param count 1 for one that is to be made, else that of the one that is there
  record Observed(String name, String message, int count, Instant first) {}

  private record Known(String name, int count, Instant first) {}

  private record Similar(Set<String> messages, Instant last) {}

  private record Bucket(double tokens, Instant at) {}

  private record SimilarKey(String source, String object, String type, String reason) {}

  private record SourceKey(String source, String object, String type) {}

  private static final class Recent<V> extends LinkedHashMap<Object, V> {
    private static final long serialVersionUID = 1;

    Recent() {
      super(16, 0.75f, /* accessOrder= */ true);
    }

    @Override
    protected boolean removeEldestEntry(Map.Entry<Object, V> eldest) {
      return size() > REMEMBERED_MAX;
    }
  }

  /// Counts what is said.
  ///
  /// @param name of the event if it is to be made
  /// @return nothing when too much is said
  synchronized Optional<Observed> observe(Saying saying, String name, Instant now) {
    boolean combines = combines(saying, now);
    Object key =
        combines
            ? new SimilarKey(saying.source(), saying.object(), saying.type(), saying.reason())
            : saying;
    @Nullable Known before = known.get(key);
    Known after =
        before == null
            ? new Known(name, 1, now)
            : new Known(before.name(), before.count() + 1, before.first());
    known.put(key, after);
    if (!take(new SourceKey(saying.source(), saying.object(), saying.type()), now)) {
      return Optional.empty();
    }
    String message = combines ? COMBINED + saying.message() : saying.message();
    return Optional.of(new Observed(after.name(), message, after.count(), after.first()));
  }

  private boolean combines(Saying saying, Instant now) {
    SimilarKey key =
        new SimilarKey(saying.source(), saying.object(), saying.type(), saying.reason());
    @Nullable Similar before = similar.get(key);
    boolean fresh =
        before == null || Duration.between(before.last(), now).compareTo(SIMILAR_WITHIN) > 0;
    Set<String> messages = before == null || fresh ? new HashSet<>() : before.messages();
    messages.add(saying.message());
    similar.put(key, new Similar(messages, now));
    if (messages.size() < SIMILAR_MAX) {
      return false;
    }
    // any of them: only their number matters from here on
    messages.remove(messages.iterator().next());
    return true;
  }

  private boolean take(SourceKey key, Instant now) {
    @Nullable Bucket before = buckets.get(key);
    double tokens =
        before == null
            ? BURST
            : Math.min(
                BURST,
                before.tokens()
                    + (double) Duration.between(before.at(), now).toMillis() / REFILL.toMillis());
    boolean granted = tokens >= 1;
    buckets.put(key, new Bucket(granted ? tokens - 1 : tokens, now));
    return granted;
  }
}
