// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.deployment;

import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import java.math.BigInteger;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.regex.Pattern;

/// A wish for a former revision, by the annotation that stands for `spec.rollbackTo` of API
/// versions that are gone. It is fulfilled or refused once, and removed.
final class Rollback {
  static final String TO = "deprecated.deployment.rollback.to";

  private static final Pattern REVISION = Pattern.compile("[+-]?[0-9]{1,19}");
  private static final String NOT_FOUND = "DeploymentRollbackRevisionNotFound";

  private Rollback() {}

  /// The revision wished for, 0 for the one before the newest. What is no number is no wish.
  static OptionalLong wish(Deployment deployment) {
    String text = Desired.annotations(deployment).getOrDefault(TO, "");
    if (!REVISION.matcher(text).matches()) {
      return OptionalLong.empty();
    }
    BigInteger revision = new BigInteger(text);
    return revision.bitLength() < Long.SIZE
        ? OptionalLong.of(revision.longValue())
        : OptionalLong.empty();
  }

  /// @param sets all ReplicaSets of the Deployment
  static Change of(Deployment deployment, List<ReplicaSet> sets, long wished) {
    long revision = wished == 0 ? last(sets) : wished;
    if (revision == 0) {
      return refused(deployment, NOT_FOUND, "Unable to find last revision.");
    }
    for (ReplicaSet set : sets) {
      if (Desired.revision(set) == revision) {
        return TemplateHash.same(set.getSpec().getTemplate(), deployment.getSpec().getTemplate())
            ? refused(
                deployment,
                "DeploymentRollbackTemplateUnchanged",
                "The rollback revision contains the same template as current deployment \"%s\""
                    .formatted(deployment.getMetadata().getName()))
            : new Change.RollBack(set, revision, RevisionAnnotations.restored(deployment, set));
      }
    }
    return refused(deployment, NOT_FOUND, "Unable to find the revision to rollback to.");
  }

  private static long last(List<ReplicaSet> sets) {
    return sets.stream()
        .map(Desired::revision)
        .sorted(Comparator.reverseOrder())
        .skip(1)
        .findFirst()
        .orElse(0L);
  }

  private static Change refused(Deployment deployment, String reason, String message) {
    Map<String, String> annotations = new TreeMap<>(Desired.annotations(deployment));
    annotations.remove(TO);
    return new Change.RefuseRollback(annotations, reason, message);
  }
}
