// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.job;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.Golden;
import io.fabric8.kubernetes.api.model.batch.v1.JobStatus;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// `plan/NAME.input.yaml` is a job, its pods and the time, `plan/NAME.output.yaml` what is done:
/// the pods made and deleted, the status before finalizers are removed, and the one after.
class JobPlanTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "first-pods",
        "any-success",
        "indexes",
        "next-indexes",
        "backoff",
        "backoff-limit",
        "failed-at-last",
        "restarts",
        "deadline",
        "deadline-ahead",
        "backoff-per-index",
        "failed-indexes",
        "max-failed-indexes",
        "policy-fails-job",
        "policy-fails-job-by-condition",
        "policy-ignores",
        "policy-fails-index",
        "success-policy",
        "suspend",
        "resume",
        "replaces-failed-only",
        "replaces-terminating",
        "lowered",
        "after-a-crash",
        "deleted"
      })
  void whatIsDoneFollowsFromWhatIsThere(String name) {
    SketchedJob sketch = new SketchedJob(Golden.input(JobPlanTest.class, "plan/" + name));
    Situation situation =
        Situation.of(
            Terms.of(sketch.job()), sketch.status(), sketch.pods(), sketch.backoff(), sketch.now());
    PodChanges changes = PodChanges.of(situation);
    int ready = (int) changes.delete().stream().filter(JobPod::isReady).count();
    Counting counting =
        Counting.of(
            situation,
            changes,
            new Counting.Done(changes.create().size(), changes.delete().size(), ready));
    Set<String> released = counting.release().stream().map(JobPod::uid).collect(Collectors.toSet());
    Golden.check(
        JobPlanTest.class,
        "plan/" + name,
        Golden.read(
            written(changes, counting, counting.after(released, sketch.now())), Object.class));
  }

  private static ObjectNode written(PodChanges changes, Counting counting, JobStatus after) {
    ObjectNode output = new ObjectMapper().createObjectNode();
    names(output, changes.counted() ? "deleteCounted" : "delete", changes.delete());
    if (!changes.create().isEmpty()) {
      ArrayNode create = output.putArray("create");
      for (PodChanges.NewPod each : changes.create()) {
        ObjectNode pod = create.addObject();
        pod.put("index", each.index());
        each.counts().forEach(pod::put);
      }
    }
    if (changes.again() != null) {
      output.put("again", changes.again().toString());
    }
    counting.notices().forEach(each -> output.put(each.reason(), each.message()));
    output.set("status", Golden.tree(counting.status()));
    names(output, "release", counting.release());
    if (!after.equals(counting.status())) {
      output.set("statusAfter", Golden.tree(after));
    }
    return output;
  }

  private static void names(ObjectNode output, String field, List<JobPod> pods) {
    if (!pods.isEmpty()) {
      ArrayNode names = output.putArray(field);
      pods.forEach(pod -> names.add(pod.name()));
    }
  }
}
