// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.statefulset;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.controllers.history.History;
import dev.havn.controllers.history.Revision;
import dev.havn.controllers.history.RevisionWriter;
import dev.havn.controllers.history.TemplatePatch;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The revision that a set's template is, and the one that it was.
record SetRevisions(Api api, RevisionWriter writer) {
  private static final String HASH = "controller.kubernetes.io/hash";
  private static final int PREFIX_CHARS_MAX = 223;
  private static final int COLLISIONS_MAX = 100;

  /// @param written what the cache has to show, or null when nothing was
  record Found(
      SetPlan.Template current,
      SetPlan.Template update,
      int collisions,
      @Nullable JsonNode written) {}

  /// Finds the revisions. A template that was there before gets its revision back, with the highest
  /// number; one that was not is written down.
  Found find(StatefulSet set, History history) {
    PodTemplateSpec template = set.getSpec().getTemplate();
    List<Revision> same = history.matching(template);
    int collisions = collisions(set);
    if (same.isEmpty()) {
      return create(set, history, collisions);
    }
    Revision update = same.getLast();
    @Nullable JsonNode written = null;
    if (!update.equals(history.newest())) {
      written = writer.renumber(update, History.next(history.revisions()));
    }
    return found(set, history, new SetPlan.Template(update.name(), template), collisions, written);
  }

  private static int collisions(StatefulSet set) {
    return set.getStatus() == null || set.getStatus().getCollisionCount() == null
        ? 0
        : set.getStatus().getCollisionCount();
  }

  private Found create(StatefulSet set, History history, int before) {
    PodTemplateSpec template = set.getSpec().getTemplate();
    TemplatePatch patch = TemplatePatch.of(api.toTree(template));
    RevisionWriter.Wanted wanted =
        new RevisionWriter.Wanted(
            set,
            template,
            patch,
            History.next(history.revisions()),
            HASH,
            patch.hash(String.valueOf(before)));
    for (int collisions = before; collisions < before + COLLISIONS_MAX; collisions++) {
      String name = name(set, patch.hash(String.valueOf(collisions)));
      try {
        JsonNode written = writer.keep(wanted, name);
        SetPlan.Template update = new SetPlan.Template(name, template);
        return found(set, history, update, collisions, written);
      } catch (Api.RefusedException e) {
        if (!e.reason().equals("AlreadyExists")) {
          throw e;
        }
      }
    }
    throw new IllegalStateException(
        "no name is left for the revision of " + set.getMetadata().getName());
  }

  private static String name(StatefulSet set, String hash) {
    String prefix = set.getMetadata().getName();
    return prefix.substring(0, Math.min(prefix.length(), PREFIX_CHARS_MAX)) + "-" + hash;
  }

  private static Found found(
      StatefulSet set,
      History history,
      SetPlan.Template update,
      int collisions,
      @Nullable JsonNode written) {
    @Nullable Revision current =
        set.getStatus() == null ? null : history.named(set.getStatus().getCurrentRevision());
    return new Found(
        current == null ? update : new SetPlan.Template(current.name(), current.template()),
        update,
        collisions,
        written);
  }
}
