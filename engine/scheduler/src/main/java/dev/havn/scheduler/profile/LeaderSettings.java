// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.profile;

import java.time.Duration;
import java.util.Set;

/// How a scheduler in a process of its own stands for election.
///
/// @param isGiven whether the file says something of it
/// @param elects false for one that works without an election
/// @param lease for how long others are kept out by one that is not renewed
/// @param renew how long a leader tries to renew before it steps down
/// @param retry how often a candidate looks
/// @param name of the Lease
public record LeaderSettings(
    boolean isGiven,
    boolean elects,
    Duration lease,
    Duration renew,
    Duration retry,
    String namespace,
    String name) {
  private static final Set<String> FIELDS =
      Set.of(
          "leaderElect",
          "leaseDuration",
          "renewDeadline",
          "retryPeriod",
          "resourceLock",
          "resourceName",
          "resourceNamespace");
  private static final Duration LEASE = Duration.ofSeconds(15);
  private static final Duration RENEW = Duration.ofSeconds(10);
  private static final Duration RETRY = Duration.ofSeconds(2);

  /// By how much more than `retryPeriod` Kubernetes' library wants `renewDeadline` to be.
  private static final double JITTER = 1.2;

  /// With Kubernetes' own times.
  public static final LeaderSettings STANDARD =
      new LeaderSettings(false, true, LEASE, RENEW, RETRY, "kube-system", "kube-scheduler");

  static LeaderSettings of(Section file) {
    Section section = file.part("leaderElection", FIELDS);
    LeaderSettings read =
        new LeaderSettings(
            file.has("leaderElection"),
            section.flag("leaderElect", true),
            section.duration("leaseDuration", LEASE),
            section.duration("renewDeadline", RENEW),
            section.duration("retryPeriod", RETRY),
            or(section.text("resourceNamespace"), STANDARD.namespace()),
            or(section.text("resourceName"), STANDARD.name()));
    String lock = or(section.text("resourceLock"), "leases");
    if (read.elects()) {
      check(
          section,
          "resourceLock",
          lock,
          lock.equals("leases"),
          "resourceLock value must be \"leases\"");
      check(
          section,
          "leaseDuration",
          read.lease(),
          read.lease().toSeconds() >= 1,
          "must be at least a second");
      check(
          section,
          "leaseDuration",
          read.renew(),
          read.lease().compareTo(read.renew()) > 0,
          "must be greater than `RenewDeadline`");
      check(
          section,
          "retryPeriod",
          read.retry(),
          read.retry().toMillis() >= 1,
          "must be greater than zero");
      check(
          section,
          "renewDeadline",
          read.renew(),
          read.renew().toMillis() > read.retry().toMillis() * JITTER,
          "must be greater than retryPeriod*JitterFactor (1.2)");
    }
    return read;
  }

  private static String or(String text, String otherwise) {
    return text.isEmpty() ? otherwise : text;
  }

  private static void check(
      Section section, String field, Object value, boolean isRight, String why) {
    if (!isRight) {
      throw new IllegalArgumentException(
          "%s: Invalid value: \"%s\": %s".formatted(section.at(field), value, why));
    }
  }
}
