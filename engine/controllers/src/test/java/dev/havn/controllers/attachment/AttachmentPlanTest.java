// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.attachment;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.controllers.attachment.AttachmentPlan.Held;
import dev.havn.controllers.attachment.AttachmentPlan.Observed;
import dev.havn.controllers.attachment.AttachmentPlan.Place;
import dev.havn.controllers.attachment.AttachmentPlan.Plan;
import dev.havn.controllers.attachment.AttachmentPlan.Step;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// Of the node `a`; disks are `kubernetes.io/csi/driver^one` and so on.
class AttachmentPlanTest {
  private static final Instant NOW = Instant.parse("2026-01-01T12:00:00Z");
  private static final Disk ONE = new Disk("pv-one", "driver", "one", false);
  private static final Disk SHARED = new Disk("pv-shared", "driver", "shared", true);

  private static Pod pod(String namespace, String name) {
    return new PodBuilder()
        .withNewMetadata()
        .withNamespace(namespace)
        .withName(name)
        .endMetadata()
        .build();
  }

  private static Map<Disk, List<Pod>> web(Disk disk) {
    return Map.of(disk, List.of(pod("default", "web")));
  }

  private static Place place(boolean isReady, boolean isOut, Set<String> inUse, Set<String> said) {
    return new Place("a", isReady, isOut, inUse, said);
  }

  private static final Place QUIET = place(true, false, Set.of(), Set.of());
  private static final Set<String> MINE = Set.of("kubernetes.io/csi/driver^one");

  private static Held held(Disk disk, String node, boolean isAttached) {
    return new Held(disk, node, isAttached, false, "");
  }

  private static Plan plan(Place place, Map<Disk, List<Pod>> wishes, Held... held) {
    return plan(Optional.of(place), wishes, Map.of(), Map.of(), held);
  }

  private static Plan plan(
      Optional<Place> place,
      Map<Disk, List<Pod>> wishes,
      Map<Disk, List<Pod>> others,
      Map<String, Instant> unwished,
      Held... held) {
    return AttachmentPlan.of(
        new Observed("a", place, wishes, List.of(held), others, unwished), NOW);
  }

  @Test
  void whatAPodUsesIsAttachedAndToldOnceItIs() {
    assertThat(plan(QUIET, web(ONE)).steps()).containsExactly(new Step.Attach(ONE));
    assertThat(plan(QUIET, web(ONE), held(ONE, "a", false)).steps()).isEmpty();
    assertThat(plan(QUIET, web(ONE), held(ONE, "a", true)).steps())
        .containsExactly(
            new Step.Report(MINE),
            new Step.Tell(
                "web",
                "Normal",
                "SuccessfulAttachVolume",
                "AttachVolume.Attach succeeded for volume \"pv-one\" "));
    Place said = place(true, false, Set.of(), MINE);
    assertThat(plan(said, web(ONE), held(ONE, "a", true)).steps()).isEmpty();
  }

  @Test
  void aDriverThatFailsIsQuoted() {
    assertThat(plan(QUIET, web(ONE), new Held(ONE, "a", false, false, "no disk")).steps())
        .containsExactly(
            new Step.Tell(
                "web",
                "Warning",
                "FailedAttachVolume",
                "AttachVolume.Attach failed for volume \"pv-one\" : no disk"));
  }

  @Test
  void aDiskOfOneNodeIsNotGivenToAnother() {
    assertThat(plan(QUIET, web(SHARED), held(SHARED, "b", true)).steps())
        .containsExactly(new Step.Attach(SHARED));
    assertThat(plan(QUIET, web(ONE), held(ONE, "b", false)).steps())
        .containsExactly(
            multi(
                "Volume is already exclusively attached to one node and can't be attached to another"));
    Map<Disk, List<Pod>> users =
        Map.of(ONE, List.of(pod("default", "db"), pod("default", "sql"), pod("other", "x")));
    assertThat(plan(Optional.of(QUIET), web(ONE), users, Map.of(), held(ONE, "b", true)).steps())
        .containsExactly(
            multi("Volume is already used by pod(s) db, sql and 1 pod(s) in different namespaces"));
    Map<Disk, List<Pod>> far = Map.of(ONE, List.of(pod("other", "x")));
    assertThat(plan(Optional.of(QUIET), web(ONE), far, Map.of(), held(ONE, "b", true)).steps())
        .containsExactly(multi("Volume is already used by 1 pod(s) in different namespaces"));
  }

  private static Step multi(String why) {
    return new Step.Tell(
        "web", "Warning", "FailedAttachVolume", "Multi-Attach error for volume \"pv-one\" " + why);
  }

  @Test
  void whatNobodyUsesIsDetachedAfterTheNodeIsTold() {
    Place said = place(true, false, Set.of(), MINE);
    assertThat(plan(said, Map.of(), held(ONE, "a", true)).steps())
        .containsExactly(new Step.Report(Set.of()), new Step.Detach(ONE, true));
    assertThat(plan(QUIET, Map.of(), new Held(ONE, "a", true, true, "")).steps()).isEmpty();
    assertThat(plan(QUIET, Map.of(), held(ONE, "b", true)).steps()).isEmpty();
  }

  @Test
  void whatIsMountedStays() {
    Plan plan = plan(place(true, false, MINE, MINE), Map.of(), held(ONE, "a", true));
    assertThat(plan.steps()).isEmpty();
    assertThat(plan.again()).isNull();
  }

  @Test
  void aSilentNodeIsWaitedForAndThenNoMore() {
    Place silent = place(false, false, MINE, MINE);
    Map<String, Instant> since = Map.of(ONE.uniqueName(), NOW.minus(Duration.ofMinutes(5)));
    Plan early = plan(Optional.of(silent), Map.of(), Map.of(), since, held(ONE, "a", true));
    assertThat(early.steps()).isEmpty();
    assertThat(early.again()).isEqualTo(Duration.ofMinutes(1));
    Map<String, Instant> longAgo = Map.of(ONE.uniqueName(), NOW.minus(Duration.ofMinutes(6)));
    Plan late = plan(Optional.of(silent), Map.of(), Map.of(), longAgo, held(ONE, "a", true));
    assertThat(late.steps())
        .containsExactly(new Step.Report(Set.of()), new Step.Detach(ONE, false));
    assertThat(plan(Optional.empty(), Map.of(), Map.of(), since, held(ONE, "a", true)).again())
        .isEqualTo(Duration.ofMinutes(1));
    assertThat(plan(Optional.empty(), Map.of(), Map.of(), longAgo, held(ONE, "a", true)).steps())
        .containsExactly(new Step.Detach(ONE, false));
  }

  @Test
  void aNodeThatIsOutOfServiceIsNotWaitedFor() {
    Place out = place(false, true, MINE, MINE);
    assertThat(plan(out, Map.of(), held(ONE, "a", true)).steps())
        .containsExactly(new Step.Report(Set.of()), new Step.Detach(ONE, false));
  }

  @Test
  void theNamesAreThoseThatNodesAndDriversExpect() {
    assertThat(ONE.uniqueName()).isEqualTo("kubernetes.io/csi/driver^one");
    assertThat(ONE.attachment("a"))
        .isEqualTo("csi-239a213f731bc1d1bc24a892c1a5c689309300104317108ddf6ccb64bb28c173");
  }
}
