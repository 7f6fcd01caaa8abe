// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.BuiltinTypes;
import dev.havn.schema.ResourceType;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/// Scripts from numbers: the same number gives the same requests. A script makes one object, does
/// this and that to it, and takes it away.
final class Generator {
  /// Kinds that Kubernetes itself works on as soon as they are stored; they are asked for as dry
  /// runs, so that answers do not depend on who is faster.
  private static final Set<String> DRY =
      Set.of(
          "CustomResourceDefinition",
          "APIService",
          "FlowSchema",
          "PriorityLevelConfiguration",
          "ServiceCIDR");

  private static final String JSON = "application/json";
  private static final int STEPS_MAX = 6;

  private final Seeds seeds;

  Generator(BuiltinTypes types) {
    this.seeds = Seeds.load(types);
  }

  Seeds seeds() {
    return seeds;
  }

  /// What the script of that number is about.
  ResourceType type(long number) {
    return seed(number).type();
  }

  private Seeds.Seed seed(long number) {
    return seeds.all().get((int) (number % seeds.all().size()));
  }

  /// Requests that every run begins with: a namespace for each kind, with what pods need in it.
  Script setup() {
    List<Script.Step> steps = new ArrayList<>();
    Set<String> namespaces = new java.util.TreeSet<>();
    seeds.all().forEach(seed -> namespaces.add(seed.namespace()));
    for (String each : namespaces) {
      post(steps, "/api/v1/namespaces", "{\"metadata\":{\"name\":\"%s\"}}".formatted(each));
      post(
          steps,
          "/api/v1/namespaces/" + each + "/serviceaccounts",
          "{\"metadata\":{\"name\":\"default\"}}");
    }
    return new Script("setup", steps);
  }

  private static void post(List<Script.Step> steps, String path, String body) {
    steps.add(new Script.Step("setup", new Answers.Call("POST", path, JSON, body)));
  }

  /// Whether a kind is asked for as dry runs only.
  static boolean isDry(ResourceType type) {
    return DRY.contains(type.kind());
  }

  /// Where objects like this are created.
  static String collection(Seeds.Seed seed) {
    ResourceType type = seed.type();
    return (type.group().isEmpty() ? "/api/" : "/apis/")
        + type.apiVersion()
        + (type.namespaced() ? "/namespaces/" + seed.namespace() : "")
        + "/"
        + type.plural();
  }

  Script script(long number) {
    RandomGenerator random = new SplittableRandom(number);
    return new Run(seed(number), "d" + number, random).script(number);
  }

  private static final class Run {
    private final Seeds.Seed seed;
    private final ResourceType type;
    private final String name;
    private final RandomGenerator random;
    private final Mutation mutation;
    private final Fragment fragment;
    private final String collection;
    private final Target target;
    private final Reading reading;
    private final Misuse misuse;
    private final List<Script.Step> steps = new ArrayList<>();

    Run(Seeds.Seed seed, String name, RandomGenerator random) {
      this.seed = seed;
      this.type = seed.type();
      this.name = name;
      this.random = random;
      this.mutation = new Mutation(random);
      this.fragment = new Fragment(random);
      this.collection = collection(seed);
      this.target = new Target(type, collection, objectName(), name);
      this.reading = new Reading(random, target);
      this.misuse = new Misuse(random, target);
    }

    Script script(long number) {
      boolean dry = isDry(type);
      boolean passing = !type.verbs().contains("get");
      int creates = dry || passing ? STEPS_MAX - 2 : 1 + random.nextInt(2);
      for (int i = 0; i < creates; i++) {
        String query = dry ? "?dryRun=All" + "&" + validation() : "?" + option();
        add("create", "POST", collection + query, JSON, mutated(1 + random.nextInt(2)));
      }
      if (passing) {
        steps.add(misuse.of(mutated()));
      } else if (dry) {
        steps.add(misuse.of(mutated()));
        steps.add(random.nextBoolean() ? reading.list() : reading.get());
      } else {
        add("create", "POST", collection, JSON, plain());
        for (int left = STEPS_MAX; left > 0; left--) {
          step();
        }
        add("cleanup", "PATCH", item(), Requests.MERGE, "{\"metadata\":{\"finalizers\":null}}");
        add(
            "cleanup",
            "DELETE",
            item() + "?gracePeriodSeconds=0&propagationPolicy=Background",
            JSON,
            "");
        add("cleanup", "DELETE", collection + "?" + target.selector(), JSON, "");
      }
      return new Script(type.kind() + " " + number, steps);
    }

    private void step() {
      int rare = random.nextInt(100);
      if (rare < 12) {
        steps.add(rare < 1 ? reading.watch() : misuse.of(mutated()));
        return;
      }
      switch (random.nextInt(14)) {
        case 0, 1, 2 -> add("update", "PUT", item() + "?" + option(), JSON, versioned());
        case 3 ->
            add(
                "merge patch",
                "PATCH",
                item() + "?" + option(),
                Requests.MERGE,
                fragment.of(mutated()));
        case 4, 5 ->
            add(
                "strategic patch",
                "PATCH",
                item() + "?" + option(),
                Requests.STRATEGIC,
                fragment.strategic(mutated()));
        case 6 ->
            add(
                "json patch",
                "PATCH",
                item(),
                Requests.JSON_PATCH,
                fragment.operations(plain()).toString());
        case 7, 8, 9 -> apply();
        case 10 -> status();
        case 11 -> scaleOrGet();
        case 12 -> steps.add(reading.list());
        default -> delete();
      }
    }

    private void apply() {
      ObjectNode body = random.nextInt(100) < 40 ? mutated() : fragment.of(mutated());
      body.put("apiVersion", type.apiVersion()).put("kind", type.kind());
      if (random.nextInt(100) < 95) {
        body.withObjectProperty("metadata").put("name", objectName());
      }
      String query =
          "?fieldManager="
              + (random.nextBoolean() ? "a" : "b")
              + (random.nextInt(100) < 40 ? "&force=true" : "")
              + "&"
              + option();
      boolean binary = random.nextInt(100) < 2;
      add("apply", "PATCH", item() + query, binary ? Requests.APPLY_BINARY : Requests.APPLY, body);
    }

    /// Puts a pod on a node, or asks for it to leave.
    private void moves() {
      String name = random.nextInt(100) < 80 ? objectName() : "other";
      if (random.nextBoolean()) {
        String target =
            random.nextInt(100) < 70 ? "{\"kind\":\"Node\",\"name\":\"n\"}" : "{\"kind\":\"Pod\"}";
        add(
            "bind",
            "POST",
            item() + "/binding",
            JSON,
            "{\"metadata\":{\"name\":\"%s\"},\"target\":%s}".formatted(name, target));
      } else {
        String options =
            random.nextInt(100) < 50 ? ",\"deleteOptions\":{\"dryRun\":[\"All\"]}" : "";
        add(
            "evict",
            "POST",
            item() + "/eviction",
            JSON,
            "{\"metadata\":{\"name\":\"%s\"}%s}".formatted(name, options));
      }
    }

    private void status() {
      if (type.subresources().stream().noneMatch(each -> each.name().equals("status"))) {
        steps.add(reading.list());
        return;
      }
      ObjectNode body = mutated();
      switch (random.nextInt(4)) {
        case 0 -> add("status update", "PUT", item() + "/status", JSON, body);
        case 1 -> {
          ObjectNode part = JsonNodeFactory.instance.objectNode();
          part.set("status", body.path("status"));
          add("status patch", "PATCH", item() + "/status", Requests.MERGE, part);
        }
        case 2 -> {
          ObjectNode part = JsonNodeFactory.instance.objectNode();
          part.put("apiVersion", type.apiVersion()).put("kind", type.kind());
          part.putObject("metadata").put("name", objectName());
          part.set("status", body.path("status"));
          add(
              "status apply",
              "PATCH",
              item() + "/status?fieldManager=s&" + option(),
              Requests.APPLY,
              part);
        }
        default -> add("status get", "GET", item() + "/status", JSON, "");
      }
    }

    private void scaleOrGet() {
      if (type.kind().equals("Pod") && random.nextBoolean()) {
        moves();
        return;
      }
      if (type.subresources().stream().noneMatch(each -> each.name().equals("scale"))) {
        steps.add(reading.get());
        return;
      }
      int replicas = random.nextInt(4) - 1;
      String scale = "{\"spec\":{\"replicas\":%d}}".formatted(replicas);
      switch (random.nextInt(3)) {
        case 0 -> add("scale get", "GET", item() + "/scale", JSON, "");
        case 1 -> add("scale patch", "PATCH", item() + "/scale", Requests.MERGE, scale);
        default ->
            add(
                "scale update",
                "PUT",
                item() + "/scale",
                JSON,
                "{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"replicas\":%d}}"
                    .formatted(name, replicas));
      }
    }

    private void delete() {
      String body =
          switch (random.nextInt(7)) {
            case 0 -> "{\"preconditions\":{\"uid\":\"none\"}}";
            case 1 -> "{\"propagationPolicy\":\"Bogus\"}";
            case 2 -> "{\"dryRun\":[\"All\"]}";
            case 3 -> "{\"preconditions\":{\"resourceVersion\":\"1\"}}";
            case 4 -> "{\"orphanDependents\":true,\"propagationPolicy\":\"Orphan\"}";
            case 5 -> "{\"gracePeriodSeconds\":-1,\"dryRun\":[\"All\"]}";
            default -> "{\"unknown\":true,\"dryRun\":[\"x\"]}";
          };
      add("delete", "DELETE", item(), JSON, body);
    }

    private String item() {
      return collection + "/" + objectName();
    }

    private String objectName() {
      return seed.object(name).path("metadata").path("name").asText();
    }

    private ObjectNode plain() {
      ObjectNode object = seed.object(name);
      if (type.verbs().contains("get")) {
        object
            .withObjectProperty("metadata")
            .withObjectProperty("labels")
            .put("differential", name);
      }
      return object;
    }

    private ObjectNode mutated() {
      return mutated(random.nextInt(3));
    }

    private ObjectNode mutated(int times) {
      ObjectNode object = plain();
      for (int i = 0; i < times; i++) {
        mutation.change(object, type.schema());
      }
      return object;
    }

    private ObjectNode versioned() {
      ObjectNode object = mutated();
      int choice = random.nextInt(100);
      if (choice < 70 && object.get("metadata") instanceof ObjectNode metadata) {
        metadata.put("resourceVersion", choice < 65 ? Requests.VERSION : "1");
      }
      return object;
    }

    private String validation() {
      return "fieldValidation="
          + List.of("Strict", "Warn", "Ignore", "Bogus").get(Math.max(0, random.nextInt(40) - 36));
    }

    private String option() {
      int choice = random.nextInt(100);
      if (choice < 5) {
        return "dryRun=All";
      } else if (choice < 30) {
        return "fieldValidation=Strict";
      } else if (choice < 35) {
        return "fieldManager=c";
      }
      return switch (choice) {
        case 97 -> "dryRun=Bogus";
        case 98 -> "fieldValidation=Bogus";
        case 99 -> "fieldManager=" + "m".repeat(200);
        default -> "pretty=false";
      };
    }

    private void add(String shows, String method, String path, String contentType, Object body) {
      steps.add(Target.step(shows, method, path, contentType, body));
    }
  }
}
