// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.history;

import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// The revisions of one owner, oldest first.
public record History(List<Revision> revisions) {
  private static final Comparator<Revision> OLDEST_FIRST =
      Comparator.comparingLong(Revision::number)
          .thenComparing(each -> created(each.object()))
          .thenComparing(Revision::name);

  private static String created(ControllerRevision object) {
    String created = object.getMetadata().getCreationTimestamp();
    return created == null ? "" : created;
  }

  /// @param template what a revision keeps
  public static History of(
      List<ControllerRevision> objects, Function<ControllerRevision, PodTemplateSpec> template) {
    return new History(
        objects.stream()
            .map(object -> new Revision(object, template.apply(object)))
            .sorted(OLDEST_FIRST)
            .toList());
  }

  /// Those that say the same as `template`.
  public List<Revision> matching(PodTemplateSpec template) {
    return revisions.stream().filter(each -> each.template().equals(template)).toList();
  }

  public @Nullable Revision named(@Nullable String name) {
    for (Revision each : revisions) {
      if (each.name().equals(name)) {
        return each;
      }
    }
    return null;
  }

  /// The newest, or null.
  public @Nullable Revision newest() {
    return revisions.isEmpty() ? null : revisions.getLast();
  }

  /// One more than the highest number.
  public static long next(List<Revision> revisions) {
    return revisions.stream().mapToLong(Revision::number).max().orElse(0) + 1;
  }

  /// Those that nobody needs, oldest first.
  public List<Revision> unneeded(Predicate<Revision> isNeeded) {
    return revisions.stream().filter(isNeeded.negate()).toList();
  }
}
