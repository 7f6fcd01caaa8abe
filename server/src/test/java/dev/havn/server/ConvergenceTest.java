// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.server.Scenario.Act;
import dev.havn.server.Scenario.Place;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Whatever befalls the controllers and in whatever order they hear of things, what is there in the
/// end is what would have been there had nothing happened. `-Dhavn.tries=N` tries more of what may
/// befall, `-Dhavn.seed=N` the one that failed.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ConvergenceTest {
  private static final int TRIES = Integer.getInteger("havn.tries", 2);
  private static final long SEED = Long.getLong("havn.seed", System.nanoTime());
  private static final int BLOWS_MAX = 3;
  private static final int WRITES_MAX = 6;
  private static final int CALM_LOOKS = 6;
  private static final int LOOKS_MAX = 20;
  private static final Duration LOOK_EVERY = Duration.ofSeconds(20);

  private final ControllersBench bench = new ControllersBench();
  private int namespaces;

  private enum Kind {
    DEPLOYMENT,
    REPLICA_SET,
    STATEFUL_SET,
    DAEMON_SET,
    JOB,
    CRON_JOB,
    AUTOSCALER,
    BUDGET,
    ENDPOINT_SLICES,
    ENDPOINTS,
    QUOTA,
    VOLUMES,
    ATTACHMENTS,
    GARBAGE,
    NAMESPACES;

    Scenario scenario() {
      return switch (this) {
        case DEPLOYMENT -> Scenarios.deployment();
        case REPLICA_SET -> Scenarios.replicaSet();
        case STATEFUL_SET -> Scenarios.statefulSet();
        case DAEMON_SET -> Scenarios.daemonSet();
        case JOB -> Scenarios.job();
        case CRON_JOB -> Scenarios.cronJob();
        case AUTOSCALER -> Scenarios.autoscaler();
        case BUDGET -> Scenarios.budget();
        case ENDPOINT_SLICES -> Scenarios.endpointSlices();
        case ENDPOINTS -> Scenarios.endpoints();
        case QUOTA -> Scenarios.quota();
        case VOLUMES -> StorageScenarios.volumes();
        case ATTACHMENTS -> StorageScenarios.attachments();
        case GARBAGE -> StorageScenarios.garbage();
        case NAMESPACES -> StorageScenarios.namespaces();
      };
    }
  }

  @AfterAll
  void close() {
    bench.close();
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void whateverHappensTheEndIsTheSame(Kind kind) {
    Scenario scenario = kind.scenario();
    Object calm = calm(scenario);
    for (int i = 0; i < TRIES; i++) {
      long seed = SEED + i;
      List<String> story = new ArrayList<>();
      Place place = place();
      bench.seed(seed);
      Random random = new Random(seed);
      for (Act act : scenario.acts()) {
        act.in(place);
        for (int blows = random.nextInt(BLOWS_MAX + 1); blows > 0; blows--) {
          strike(place, random, story);
          bench.settle();
          scenario.plays().in(place);
        }
      }
      bench.heal();
      Object end = end(scenario, place, calm);
      assertThat(end).as("-Dhavn.seed=%d: %s", seed, story).isEqualTo(calm);
      leave(place);
    }
  }

  private Place place() {
    String name = "place-" + namespaces++;
    bench
        .client()
        .resource(new NamespaceBuilder().withNewMetadata().withName(name).endMetadata().build())
        .create();
    bench.settle();
    return new Place(bench.client(), name);
  }

  private void leave(Place place) {
    bench.client().namespaces().withName(place.name()).delete();
    bench.advance(LOOK_EVERY);
  }

  private Object calm(Scenario scenario) {
    Place place = place();
    for (Act act : scenario.acts()) {
      act.in(place);
      bench.settle();
      scenario.plays().in(place);
    }
    for (int look = 0; look < CALM_LOOKS; look++) {
      look(scenario, place);
    }
    Object end = scenario.end().apply(place);
    leave(place);
    return end;
  }

  /// What is there once nothing is left to do: it is waited for, not for ever.
  private Object end(Scenario scenario, Place place, Object calm) {
    for (int look = 0; look < LOOKS_MAX; look++) {
      look(scenario, place);
      if (look > 0 && scenario.end().apply(place).equals(calm)) {
        break;
      }
    }
    return scenario.end().apply(place);
  }

  private void look(Scenario scenario, Place place) {
    bench.advance(LOOK_EVERY);
    scenario.plays().in(place);
    bench.settle();
  }

  private void strike(Place place, Random random, List<String> story) {
    int writes = random.nextInt(WRITES_MAX);
    int what = random.nextInt(8);
    story.add(what + "/" + writes);
    switch (what) {
      case 0 -> bench.killAfter(writes);
      case 1 -> bench.refuse(writes);
      case 2 -> bench.loseAnswers(writes);
      case 3 -> bench.lead(false);
      case 4 -> bench.lead(true);
      case 5 -> bench.restart();
      case 6 -> bench.advance(Duration.ofSeconds(1 + writes * 3L));
      default -> deletePod(place, random);
    }
  }

  /// Somebody deletes a pod that a controller looks after.
  private static void deletePod(Place place, Random random) {
    List<Pod> pods =
        place.client().pods().inNamespace(place.name()).list().getItems().stream()
            .filter(pod -> !pod.getMetadata().getOwnerReferences().isEmpty())
            .toList();
    if (!pods.isEmpty()) {
      place.client().resource(pods.get(random.nextInt(pods.size()))).withGracePeriod(0).delete();
    }
  }
}
