// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.ttlafterfinished;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Deletes a finished job, and its pods before it, when its `ttlSecondsAfterFinished` is over. The
/// API is asked once more before: the time may have been made longer.
public final class FinishedJobs implements Reconciler {
  private final Informer<Job> jobs;
  private final Api api;
  private final InstantSource clock;

  public FinishedJobs(Informer<Job> jobs, Api api, InstantSource clock) {
    this.jobs = jobs;
    this.api = api;
    this.clock = clock;
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable Job job = jobs.get(key.namespace(), key.name());
    if (job == null || job.getSpec().getTtlSecondsAfterFinished() == null) {
      return Result.DONE;
    }
    Instant now = clock.instant();
    Optional<Duration> left = left(api.toTree(job), now);
    if (left.isEmpty() || left.get().isPositive()) {
      return Result.atTime(left.orElse(null));
    }
    String path = Api.path(Job.class, key.namespace(), key.name());
    Optional<JsonNode> fresh = api.find(path);
    Optional<Duration> freshLeft = fresh.flatMap(found -> left(found, now));
    if (freshLeft.isEmpty() || freshLeft.get().isPositive()) {
      return Result.atTime(freshLeft.orElse(null));
    }
    ObjectNode options = Api.object().put("propagationPolicy", "Foreground");
    options
        .putObject("preconditions")
        .put("uid", fresh.orElseThrow().path("metadata").path("uid").asText());
    api.delete(path, options);
    return Result.DONE;
  }

  /// How long a job is to stay still; empty when it has not finished, stays for good or is being
  /// deleted.
  static Optional<Duration> left(JsonNode job, Instant now) {
    JsonNode ttl = job.path("spec").path("ttlSecondsAfterFinished");
    if (ttl.isMissingNode() || job.path("metadata").has("deletionTimestamp")) {
      return Optional.empty();
    }
    for (JsonNode condition : job.path("status").path("conditions")) {
      String type = condition.path("type").asText();
      if ((type.equals("Complete") || type.equals("Failed"))
          && condition.path("status").asText().equals("True")
          && condition.has("lastTransitionTime")) {
        Instant finished = Instant.parse(condition.path("lastTransitionTime").asText());
        return Optional.of(Duration.between(now, finished.plusSeconds(ttl.asLong())));
      }
    }
    return Optional.empty();
  }
}
