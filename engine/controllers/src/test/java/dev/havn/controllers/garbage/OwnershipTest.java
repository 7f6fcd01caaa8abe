// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.garbage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.controllers.resources.Resources;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class OwnershipTest {
  private static final Resources.Resource PODS =
      new Resources.Resource("v1", "pods", "Pod", true, Set.of("delete"));

  private final Ownership ownership = new Ownership();

  private static Owned object(
      String uid, boolean terminating, List<String> finalizers, String... owners) {
    return new Owned(
        new Owned.Metadata(
            uid,
            "default",
            uid,
            "1",
            terminating ? "2026-01-01T00:00:00Z" : null,
            finalizers,
            java.util.Arrays.stream(owners)
                .map(owner -> new Owned.Owner("apps/v1", "ReplicaSet", owner, owner, true, true))
                .toList()));
  }

  private static Owned living(String uid, String... owners) {
    return object(uid, false, List.of(), owners);
  }

  @Test
  void anObjectWithoutOwnersIsNobodysCase() {
    assertThat(ownership.put(PODS, living("a"))).isEmpty();
  }

  @Test
  void anObjectWithOwnersIsLookedAtEvenBeforeItsOwnerIsKnown() {
    assertThat(ownership.put(PODS, living("b", "a"))).containsExactly("b");
    assertThat(ownership.put(PODS, living("a"))).isEmpty();
    assertThat(ownership.dependents("a"))
        .extracting(item -> item.object().uid())
        .containsExactly("b");
  }

  @Test
  void aKindThatIsFoundReopensWhatItOwns() {
    ownership.put(PODS, living("a"));
    ownership.put(PODS, living("b", "a"));
    assertThat(ownership.ownedBy(kind("apps/v1beta1", "ReplicaSet"))).containsExactly("b");
    assertThat(ownership.ownedBy(kind("apps/v1", "Deployment"))).isEmpty();
    assertThat(ownership.ownedBy(kind("v1", "ReplicaSet"))).isEmpty();
  }

  private static Resources.Resource kind(String apiVersion, String kind) {
    return new Resources.Resource(apiVersion, "things", kind, true, Set.of("delete"));
  }

  @Test
  void whenAnOwnerGoesItsDependentsAreLookedAt() {
    ownership.put(PODS, living("a"));
    ownership.put(PODS, living("b", "a"));
    ownership.put(PODS, living("c", "a", "x"));
    assertThat(ownership.remove(living("a"))).containsExactly("b", "c");
    assertThat(ownership.remove(living("a"))).isEmpty();
  }

  @Test
  void anOwnerThatBeginsToWaitReopensItsDependentsAndItself() {
    ownership.put(PODS, living("a"));
    ownership.put(PODS, living("b", "a"));
    assertThat(ownership.put(PODS, object("a", true, List.of(Owned.FOREGROUND))))
        .containsExactly("b", "a");
    assertThat(ownership.put(PODS, object("a", true, List.of(Owned.FOREGROUND))))
        .containsExactly("a");
    assertThat(ownership.remove(living("b", "a"))).containsExactly("a");
  }

  @Test
  void aReferenceTakenAwayEndsTheOwnership() {
    ownership.put(PODS, object("a", true, List.of(Owned.ORPHAN)));
    ownership.put(PODS, living("b", "a"));
    assertThat(ownership.put(PODS, living("b"))).containsExactly("a");
    assertThat(ownership.dependents("a")).isEmpty();
  }
}
