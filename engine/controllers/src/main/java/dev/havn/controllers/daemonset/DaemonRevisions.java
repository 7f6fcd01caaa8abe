// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.daemonset;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.history.History;
import dev.havn.controllers.history.Revision;
import dev.havn.controllers.history.RevisionWriter;
import dev.havn.controllers.history.TemplatePatch;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The revision of a set's template, and those it had before.
///
/// @param expect takes what the cache of revisions has to show
record DaemonRevisions(Api api, RevisionWriter writer, Consumer<JsonNode> expect) {

  /// @param hash by which pods of the present template are known
  /// @param old the other revisions, oldest first
  record Found(String hash, List<Revision> old) {}

  /// Finds the revision of the template. One that was there before gets the highest number; of
  /// several that say the same one stays, and the pods of the others become its own.
  Found find(DaemonSet set, History history, List<Pod> pods) {
    labelAll(history);
    List<Revision> same = history.matching(set.getSpec().getTemplate());
    List<Revision> old = new ArrayList<>(history.revisions());
    old.removeAll(same);
    long number = History.next(old);
    if (same.isEmpty()) {
      return new Found(create(set, number), old);
    }
    Revision kept = same.getLast();
    String hash = hash(kept);
    if (same.size() > 1) {
      merge(same, kept, hash, pods);
    }
    if (kept.number() < number) {
      expect.accept(writer.renumber(kept, number));
    }
    return new Found(hash, old);
  }

  /// Deletes the oldest beyond the limit, but for those that pods are made of.
  void truncate(int limit, Found found, List<Pod> pods) {
    Set<String> live = new HashSet<>();
    pods.forEach(pod -> live.add(DaemonPods.revision(pod)));
    new History(found.old())
        .unneeded(each -> live.contains(hash(each))).stream()
            .limit(Math.max(0, found.old().size() - limit))
            .forEach(writer::delete);
  }

  private static String hash(Revision revision) {
    return Objects.requireNonNullElse(revision.label(DaemonPods.REVISION), revision.name());
  }

  private void labelAll(History history) {
    for (Revision each : history.revisions()) {
      if (each.label(DaemonPods.REVISION) == null) {
        expect.accept(writer.label(each, DaemonPods.REVISION, each.name()));
      }
    }
  }

  private void merge(List<Revision> same, Revision kept, String hash, List<Pod> pods) {
    for (Pod pod : pods) {
      if (!DaemonPods.revision(pod).equals(hash)) {
        ObjectNode patch = Api.object();
        patch.putObject("metadata").putObject("labels").put(DaemonPods.REVISION, hash);
        api.merge(
            Api.path(Pod.class, pod.getMetadata().getNamespace(), pod.getMetadata().getName()),
            patch);
      }
    }
    same.stream().filter(each -> !each.equals(kept)).forEach(writer::delete);
  }

  private String create(DaemonSet set, long number) {
    TemplatePatch patch = TemplatePatch.of(api.toTree(set.getSpec().getTemplate()));
    @Nullable Integer collisions =
        set.getStatus() == null ? null : set.getStatus().getCollisionCount();
    String hash = patch.hash(collisions == null ? "" : String.valueOf(collisions));
    String name = set.getMetadata().getName() + "-" + hash;
    RevisionWriter.Wanted wanted =
        new RevisionWriter.Wanted(
            set, set.getSpec().getTemplate(), patch, number, DaemonPods.REVISION, hash);
    try {
      JsonNode written = writer.keep(wanted, name);
      expect.accept(written);
      return written.path("metadata").path("labels").path(DaemonPods.REVISION).asText(hash);
    } catch (Api.RefusedException e) {
      if (e.reason().equals("AlreadyExists")) {
        collided(set, collisions == null ? 0 : collisions);
      }
      throw e;
    }
  }

  /// Another template has this name already: the next name counts the collision.
  private void collided(DaemonSet set, int before) {
    ObjectNode status =
        set.getStatus() == null ? Api.object() : (ObjectNode) api.toTree(set.getStatus());
    api.updateStatus(set, status.put("collisionCount", before + 1));
  }
}
