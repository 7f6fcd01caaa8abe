// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.cronjob;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.Golden;
import io.fabric8.kubernetes.api.model.batch.v1.CronJob;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// `plan/NAME.input.yaml` is a CronJob, its jobs and the time, `plan/NAME.output.yaml` what is
/// done.
class CronPlanTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "due",
        "not-yet",
        "past-deadline",
        "missed-many",
        "never",
        "forbid",
        "replace",
        "finished",
        "suspended",
        "zone-in-schedule",
        "unparseable",
        "unknown-zone",
        "interval"
      })
  void whatIsDoneFollowsFromWhatIsThere(String name) {
    JsonNode input = Golden.input(CronPlanTest.class, "plan/" + name);
    List<Job> jobs =
        input.path("jobs").valueStream().map(job -> Golden.read(job, Job.class)).toList();
    Set<String> gone =
        input.path("gone").valueStream().map(JsonNode::asText).collect(Collectors.toSet());
    CronPlan plan =
        CronPlan.of(
            Golden.read(input.path("cronJob"), CronJob.class),
            jobs,
            gone,
            Instant.parse(input.path("now").asText()));
    Golden.check(CronPlanTest.class, "plan/" + name, Golden.read(written(plan), Object.class));
  }

  private static ObjectNode written(CronPlan plan) {
    ObjectNode output = new ObjectMapper().createObjectNode();
    if (!plan.remove().isEmpty()) {
      ArrayNode remove = output.putArray("remove");
      plan.remove().forEach(job -> remove.add(job.getMetadata().getName()));
    }
    if (!plan.notices().isEmpty()) {
      ArrayNode events = output.putArray("events");
      plan.notices()
          .forEach(
              each ->
                  events.add(
                      (each.warning() ? "Warning " : "Normal ")
                          + each.reason()
                          + ": "
                          + each.message()));
    }
    if (plan.start() != null) {
      ObjectNode start = output.putObject("start");
      start.put("scheduled", plan.start().scheduled().toString());
      plan.start()
          .replaces()
          .forEach(each -> start.withArrayProperty("replaces").add(each.getName()));
      start.set("job", Golden.tree(plan.start().job()));
    }
    output.set("status", Golden.tree(plan.status()));
    if (plan.again() != null) {
      output.put("again", plan.again().toString());
    }
    return output;
  }
}
