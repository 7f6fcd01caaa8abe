// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.configuration.ImagePolicy;
import dev.havn.node.image.UnusedImages.Unused;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UnusedImagesTest {
  private static final Instant NOW = Instant.parse("2026-05-04T10:00:00Z");
  private static final ImagePolicy POLICY =
      new ImagePolicy(85, 80, Duration.ofMinutes(2), Duration.ofHours(1));

  private static Unused image(String id, int metMinutesAgo, int usedMinutesAgo) {
    return new Unused(
        id,
        1,
        NOW.minusSeconds(60L * metMinutesAgo),
        usedMinutesAgo < 0 ? Instant.MIN : NOW.minusSeconds(60L * usedMinutesAgo));
  }

  private static List<String> ids(List<Unused> images) {
    return images.stream().map(Unused::id).toList();
  }

  @Test
  void whoWasUsedLongestAgoGoesFirstAndWhoHasJustComeStays() {
    List<Unused> all =
        List.of(
            image("lately", 90, 5),
            image("never", 80, -1),
            image("never-but-older", 85, -1),
            image("long-ago", 90, 70),
            image("new", 1, -1));
    assertThat(ids(UnusedImages.free(all, POLICY, NOW)))
        .containsExactly("never-but-older", "never", "long-ago", "lately");
  }

  @Test
  void whoIsUnusedForTooLongGoesOnceThatIsKnown() {
    List<Unused> all = List.of(image("lately", 90, 5), image("long-ago", 90, 70));
    assertThat(ids(UnusedImages.old(all, POLICY, NOW.minusSeconds(7200), NOW)))
        .containsExactly("long-ago");
    assertThat(UnusedImages.old(all, POLICY, NOW.minusSeconds(1800), NOW)).isEmpty();
    assertThat(UnusedImages.old(all, ImagePolicy.STANDARD, NOW.minusSeconds(7200), NOW)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"1000, 160, 0", "1000, 159, 41", "1000, 150, 50", "1000, 0, 200", "1000, 2000, 0"})
  void aDiskThatIsTooFullIsEmptiedToTheLowerBound(long capacity, long available, long bytes) {
    assertThat(UnusedImages.tooMany(POLICY, capacity, available)).isEqualTo(bytes);
  }
}
