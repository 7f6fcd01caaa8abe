// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.job;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.Golden;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobStatus;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Jobs and pods in a few words: the `job` is a spec with `deleted` and `restartPolicy` beside it,
/// a pod says its name, phase, index and how it ended.
record SketchedJob(JsonNode sketch) {
  Job job() {
    ObjectNode spec = sketch.path("job").deepCopy();
    boolean deleted = spec.remove("deleted") != null;
    @Nullable JsonNode restartPolicy = spec.remove("restartPolicy");
    ObjectNode template = new ObjectMapper().createObjectNode();
    template
        .putObject("spec")
        .put("restartPolicy", restartPolicy == null ? "Never" : restartPolicy.asText());
    spec.set("template", template);
    ObjectNode job = new ObjectMapper().createObjectNode();
    ObjectNode metadata = job.putObject("metadata").put("name", "work").put("namespace", "default");
    if (deleted) {
      metadata.put("deletionTimestamp", now().toString());
    }
    job.set("spec", spec);
    job.set("status", sketch.path("status"));
    return Golden.read(job, Job.class);
  }

  JobStatus status() {
    return sketch.has("status") ? job().getStatus() : new JobStatus();
  }

  Instant now() {
    return Instant.parse(sketch.path("now").asText());
  }

  Backoff backoff() {
    JsonNode backoff = sketch.path("backoff");
    return backoff.isMissingNode()
        ? Backoff.NONE
        : new Backoff(
            backoff.path("failures").asInt(), Instant.parse(backoff.path("last").asText()));
  }

  List<JobPod> pods() {
    return sketch.path("pods").valueStream().map(SketchedJob::pod).map(JobPod::of).toList();
  }

  private static Pod pod(JsonNode sketch) {
    PodBuilder pod =
        new PodBuilder()
            .withNewMetadata()
            .withNamespace("default")
            .withName(sketch.path("name").asText())
            .withUid("uid-" + sketch.path("name").asText())
            .withCreationTimestamp("2026-05-04T09:00:00Z")
            .endMetadata()
            .withNewSpec()
            .withNodeName(sketch.has("node") ? sketch.path("node").asText() : null)
            .endSpec()
            .withNewStatus()
            .withPhase(sketch.path("phase").asText())
            .endStatus();
    if (sketch.path("tracked").asBoolean(true)) {
      pod.editMetadata().addToFinalizers(JobPod.FINALIZER).endMetadata();
    }
    if (sketch.has("index")) {
      pod.editMetadata()
          .addToAnnotations(JobPod.INDEX, sketch.path("index").asText())
          .endMetadata();
    }
    if (sketch.has("failures")) {
      pod.editMetadata()
          .addToAnnotations(JobPod.FAILURES, sketch.path("failures").asText())
          .endMetadata();
    }
    if (sketch.has("deleted")) {
      pod.editMetadata()
          .withDeletionTimestamp(sketch.path("deleted").asText())
          .withDeletionGracePeriodSeconds(30L)
          .endMetadata();
    }
    container(pod, sketch);
    return pod.build();
  }

  private static void container(PodBuilder pod, JsonNode sketch) {
    if (sketch.path("ready").asBoolean()) {
      pod.editStatus()
          .addNewCondition()
          .withType("Ready")
          .withStatus("True")
          .withLastTransitionTime("2026-05-04T09:30:00Z")
          .endCondition()
          .endStatus();
    }
    if (sketch.has("condition")) {
      pod.editStatus()
          .addNewCondition()
          .withType(sketch.path("condition").asText())
          .withStatus("True")
          .endCondition()
          .endStatus();
    }
    if (sketch.has("restarts")) {
      pod.editStatus()
          .addNewContainerStatus()
          .withName("main")
          .withRestartCount(sketch.path("restarts").asInt())
          .endContainerStatus()
          .endStatus();
    }
    if (sketch.has("ended")) {
      pod.editStatus()
          .addNewContainerStatus()
          .withName("main")
          .withNewState()
          .withNewTerminated()
          .withExitCode(sketch.path("exitCode").asInt())
          .withFinishedAt(sketch.path("ended").asText())
          .endTerminated()
          .endState()
          .endContainerStatus()
          .endStatus();
    }
  }
}
