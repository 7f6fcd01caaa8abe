// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import dev.havn.node.configuration.ImagePolicy;
import dev.havn.node.image.UnusedImages.Unused;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Removes images that no node of this process uses. When each was last used is known since the
/// process began, as with a kubelet. For many threads.
public final class ImageCollector {
  private static final Logger LOG = LoggerFactory.getLogger(ImageCollector.class);

  private final Stock stock;
  private final Predicate<String> pinned;
  private final InstantSource clock;
  private final Instant began;
  private final List<Supplier<Set<String>>> users = new CopyOnWriteArrayList<>();
  private final Map<String, Seen> seen = new HashMap<>();
  private boolean hasLooked;

  private record Seen(Instant met, Instant used) {}

  /// Where images are.
  public interface Stock {
    /// The id of an image, without its algorithm, by a name or by itself.
    Optional<String> id(String name);

    List<ImageStore.Kept> all();

    /// @param id without its algorithm
    void remove(String id);
  }

  private record Stored(ImageStore store) implements Stock {
    @Override
    public Optional<String> id(String name) {
      return store.id(name);
    }

    @Override
    public List<ImageStore.Kept> all() {
      return store.all();
    }

    @Override
    public void remove(String id) {
      boolean unused = store.remove(Digests.ALGORITHM + id);
    }
  }

  /// What went.
  ///
  /// @param problem why it was not enough
  public record Collected(long bytes, Optional<Problem> problem) {
    public static final Collected NOTHING = new Collected(0, Optional.empty());
  }

  /// @param reason of an event, as a kubelet names it
  public record Problem(String reason, String message) {}

  /// @param pinned whether an image stays in any case, by its id
  public ImageCollector(ImageStore store, Predicate<String> pinned, InstantSource clock) {
    this(new Stored(store), pinned, clock);
  }

  /// @param pinned whether an image stays in any case, by its id
  public ImageCollector(Stock stock, Predicate<String> pinned, InstantSource clock) {
    this.stock = stock;
    this.pinned = pinned;
    this.clock = clock;
    this.began = clock.instant();
  }

  /// Tells of somebody who uses images.
  ///
  /// @param names any of each one's names
  public void addUser(Supplier<Set<String>> names) {
    users.add(names);
  }

  /// Removes those that nobody has used for too long and, from a disk that is too full, as many as
  /// that takes.
  public synchronized Collected collect(ImagePolicy policy, long capacity, long available) {
    Instant now = clock.instant();
    List<Unused> unused = unused(now);
    if (policy.highPercent() >= 100 && policy.unusedMax().isZero()) {
      return Collected.NOTHING;
    }
    List<Unused> old = UnusedImages.old(unused, policy, began, now);
    long bytes = remove(old, Long.MAX_VALUE);
    if (capacity <= 0) {
      return new Collected(
          bytes,
          Optional.of(
              new Problem("InvalidDiskCapacity", "invalid capacity 0 on image filesystem")));
    }
    long wanted = UnusedImages.tooMany(policy, capacity, available);
    if (wanted == 0) {
      return new Collected(bytes, Optional.empty());
    }
    List<Unused> left = unused.stream().filter(each -> !old.contains(each)).toList();
    long freed = remove(UnusedImages.free(left, policy, now), wanted);
    return new Collected(
        bytes + freed,
        freed >= wanted
            ? Optional.empty()
            : Optional.of(
                new Problem(
                    "FreeDiskSpaceFailed",
                    ("Failed to garbage collect required amount of images. Attempted to free %d"
                            + " bytes, but only found %d bytes eligible to free.")
                        .formatted(wanted, freed))));
  }

  /// Removes all that nobody uses: the node has nothing left for pods.
  ///
  /// @return the bytes of those that went
  public synchronized long removeUnused(ImagePolicy policy) {
    Instant now = clock.instant();
    return remove(UnusedImages.free(unused(now), policy, now), Long.MAX_VALUE);
  }

  private long remove(List<Unused> images, long wanted) {
    long bytes = 0;
    for (Unused each : images) {
      if (bytes >= wanted) {
        break;
      }
      try {
        stock.remove(each.id());
        seen.remove(each.id());
        bytes += each.bytes();
        LOG.info("image {} is removed: nobody uses it", each.id());
      } catch (RuntimeException e) {
        LOG.warn("image {} cannot be removed: {}", each.id(), e.toString());
      }
    }
    return bytes;
  }

  /// Looks which images there are, and who uses them.
  private List<Unused> unused(Instant now) {
    Set<String> used = new HashSet<>();
    for (Supplier<Set<String>> user : users) {
      user.get().forEach(name -> stock.id(name).ifPresent(used::add));
    }
    List<ImageStore.Kept> all = stock.all();
    seen.keySet().retainAll(all.stream().map(ImageStore.Kept::id).toList());
    List<Unused> unused = new ArrayList<>();
    for (ImageStore.Kept each : all) {
      // What was here before is as old as need be.
      Seen fresh = new Seen(hasLooked ? now : Instant.MIN, Instant.MIN);
      Seen known = seen.getOrDefault(each.id(), fresh);
      boolean isUsed = used.contains(each.id());
      seen.put(each.id(), isUsed ? new Seen(known.met(), now) : known);
      if (!isUsed && !pinned.test(each.id())) {
        unused.add(new Unused(each.id(), each.bytes(), known.met(), known.used()));
      }
    }
    hasLooked = true;
    return unused;
  }
}
