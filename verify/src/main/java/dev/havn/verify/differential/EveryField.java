// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.ResourceType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Scripts that send every field of a kind, one at a time: created with it, read, and updated
/// without it. What the object looks like is found out by asking a real Kubernetes.
final class EveryField {
  private static final String STRICT = "?fieldValidation=Strict";

  private final Answers real;
  private final Generator generator;
  private final Map<String, Integer> outcomes = new TreeMap<>();

  EveryField(Answers real, Generator generator) {
    this.real = real;
    this.generator = generator;
  }

  /// How often a field was kept, changed, dropped or refused.
  synchronized Map<String, Integer> outcomes() {
    return new TreeMap<>(outcomes);
  }

  /// The words by which a script is found: `apps/v1 Deployment spec.replicas`.
  static String name(ResourceType type, FieldPath field) {
    return type.kind() + " " + type.apiVersion() + " " + field;
  }

  /// Asks for one field and tells what came back.
  ///
  /// @param number names the object
  Recording.Told tell(ResourceType type, FieldPath field, int number) {
    List<Seeds.Seed> seeds = generator.seeds().of(type);
    String label = "f" + number;
    ObjectNode object = nearest(seeds, label, field);
    String collection = Generator.collection(seeds.getFirst());
    Target target = new Target(type, collection, named(object), label);
    Script script = new Script(name(type, field), steps(target, field, object, object.deepCopy()));
    Recording.Told told = Recording.tell(script, real);
    note(script, field, object, told);
    return told;
  }

  private static ObjectNode nearest(List<Seeds.Seed> seeds, String label, FieldPath field) {
    return FieldProbe.nearest(seeds.stream().map(each -> each.object(label)).toList(), field);
  }

  private List<Script.Step> steps(
      Target target, FieldPath field, ObjectNode object, ObjectNode plain) {
    List<Script.Step> steps = new ArrayList<>();
    boolean stored = target.type().verbs().contains("get");
    boolean status =
        field.steps().getFirst().equals("status")
            && target.type().subresources().stream().anyMatch(it -> it.name().equals("status"));
    String path = target.collection();
    if (!stored) {
      new FieldProbe(real, target.type(), field, each -> post(path, each)).fit(object);
      steps.add(new Script.Step("create", post(path, object)));
    } else if (status) {
      fitStatus(target, field, object);
      steps.add(new Script.Step("create", post(path, plain)));
      steps.add(new Script.Step("status", put(target.item() + "/status", object)));
      if (!Generator.isDry(target.type())) {
        // Others have a status that the server writes at once, or a moment later.
        steps.add(new Script.Step("get", get(target)));
      }
      steps.addAll(cleanUp(target));
    } else {
      String dry = path + STRICT + "&dryRun=All";
      boolean taken =
          new FieldProbe(real, target.type(), field, each -> post(dry, each)).fit(object);
      boolean onlyDry = Generator.isDry(target.type());
      steps.add(new Script.Step("create", post(onlyDry || !taken ? dry : path + STRICT, object)));
      if (taken && !onlyDry) {
        Target made = new Target(target.type(), path, named(object), target.label());
        steps.add(new Script.Step("get", get(made)));
        steps.add(new Script.Step("update", put(made.item() + "?dryRun=All", plain)));
        steps.addAll(cleanUp(made));
      }
    }
    return steps;
  }

  /// Finds a status by trying it on another object, which may go slowly.
  private void fitStatus(Target target, FieldPath field, ObjectNode object) {
    String label = target.label() + "-tried";
    ObjectNode tried = nearest(generator.seeds().of(target.type()), label, field);
    Target other = new Target(target.type(), target.collection(), named(tried), label);
    real.send(post(target.collection(), tried.deepCopy()));
    String dry = other.item() + "/status?dryRun=All";
    new FieldProbe(real, target.type(), field, each -> put(dry, each)).fit(tried);
    cleanUp(other).forEach(each -> real.send(each.call()));
    object.set("status", tried.path("status"));
  }

  private static String named(ObjectNode object) {
    return object.path("metadata").path("name").asText();
  }

  /// Nothing may be left, or the next run would meet it: not even a namespace that waits for the
  /// controller which empties it.
  private static List<Script.Step> cleanUp(Target target) {
    String none = "{\"metadata\":{\"finalizers\":null}}";
    String now = target.item() + "?gracePeriodSeconds=0&propagationPolicy=Background";
    List<Script.Step> steps = new ArrayList<>();
    steps.add(Target.step("cleanup", "PATCH", target.item(), Requests.MERGE, none));
    steps.add(Target.step("cleanup", "DELETE", now, Target.JSON, ""));
    if (target.type().kind().equals("Namespace")) {
      String empty = "{\"metadata\":{\"name\":\"%s\"},\"spec\":{}}".formatted(target.name());
      steps.add(Target.step("cleanup", "PUT", target.item() + "/finalize", Target.JSON, empty));
    }
    return List.copyOf(steps);
  }

  private static Answers.Call post(String path, ObjectNode object) {
    return new Answers.Call("POST", path, Target.JSON, object.toString());
  }

  private static Answers.Call put(String path, ObjectNode object) {
    return new Answers.Call("PUT", path, Target.JSON, object.toString());
  }

  private static Answers.Call get(Target target) {
    return new Answers.Call("GET", target.item(), Target.JSON, "");
  }

  private synchronized void note(
      Script script, FieldPath field, ObjectNode object, Recording.Told told) {
    int step = script.steps().size() > 1 && script.steps().get(1).shows().equals("status") ? 1 : 0;
    Answers.Answer answer = told.answers().get(step);
    JsonNode sent = field.in(object);
    JsonNode got = field.in(answer.body());
    String outcome =
        answer.status() >= 300
            ? "refused"
            : got.equals(sent) ? "kept" : got.isMissingNode() ? "dropped" : "changed";
    outcomes.merge(outcome, 1, Integer::sum);
  }
}
