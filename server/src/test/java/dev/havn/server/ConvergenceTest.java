// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.server.ControlPlaneBench.Part;
import dev.havn.server.Scenario.Act;
import dev.havn.server.Scenario.Place;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Random;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Whatever befalls the controllers, or the scheduler, and in whatever order they hear of things,
/// what is there in the end is what would have been there had nothing happened, and that is what
/// `ends.properties` says. `-Dhavn.tries=N` tries more of what may befall, `-Dhavn.seed=N` the one
/// that failed.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ConvergenceTest {
  private static final int TRIES = Integer.getInteger("havn.tries", 2);
  private static final long SEED = Long.getLong("havn.seed", System.nanoTime());
  private static final int BLOWS_MAX = 3;
  private static final int WRITES_MAX = 6;
  private static final int CALM_LOOKS = 6;
  private static final int LOOKS_MAX = 20;
  private static final Duration LOOK_EVERY = Duration.ofSeconds(20);

  private static final int CALM_ENDS = 2;
  private static final Properties ENDS = ends();

  /// Of the whole cluster: what a scenario leaves behind would change the next one.
  private static final List<String> CLUSTER_WIDE =
      List.of(
          "/api/v1/nodes",
          "/api/v1/namespaces",
          "/apis/networking.k8s.io/v1/servicecidrs",
          "/apis/rbac.authorization.k8s.io/v1/clusterroles",
          "/apis/certificates.k8s.io/v1/certificatesigningrequests",
          "/apis/resource.k8s.io/v1/resourceslices",
          StorageVersionScenarios.VERSIONS);

  @TempDir private static Path folder;
  private final Map<Part, ControlPlaneBench> benches = new EnumMap<>(Part.class);
  private ControlPlaneBench bench;
  private int namespaces;

  private enum Kind {
    DEPLOYMENT(Scenarios::deployment),
    REPLICA_SET(Scenarios::replicaSet),
    STATEFUL_SET(Scenarios::statefulSet),
    DAEMON_SET(Scenarios::daemonSet),
    JOB(Scenarios::job),
    CRON_JOB(Scenarios::cronJob),
    AUTOSCALER(Scenarios::autoscaler),
    BUDGET(Scenarios::budget),
    ENDPOINT_SLICES(Scenarios::endpointSlices),
    ENDPOINTS(Scenarios::endpoints),
    QUOTA(Scenarios::quota),
    REPLICATION_CONTROLLER(Scenarios::replicationController),
    TTL_AFTER_FINISHED(Scenarios::ttlAfterFinished),
    VOLUMES(StorageScenarios::volumes),
    ATTACHMENTS(StorageScenarios::attachments),
    PROTECTION(VolumeScenarios::protection),
    EXPANSION(VolumeScenarios::expansion),
    PROVISIONING(VolumeScenarios::provisioning),
    EPHEMERAL_CLAIMS(VolumeScenarios::ephemeralClaims),
    GARBAGE(StorageScenarios::garbage),
    NAMESPACES(StorageScenarios::namespaces),
    MIRRORS(NetworkScenarios::mirrors),
    ADDRESSES(NetworkScenarios::addresses),
    NODE_PORTS(NetworkScenarios::ports),
    NODE_LIFECYCLE(NodeScenarios::lifecycle),
    TAINT_EVICTION(NodeScenarios::evictions),
    POD_GARBAGE(NodeScenarios::podGarbage),
    NODE_RANGES(NodeScenarios::ranges),
    NODE_TTL(NodeScenarios::ttl),
    SERVICE_ACCOUNTS(AccountScenarios::serviceAccounts),
    ROOT_AUTHORITY(AccountScenarios::rootAuthority),
    ACCOUNT_TOKENS(AccountScenarios::accountTokens),
    BOOTSTRAP_SIGNER(AccountScenarios::bootstrapSigner),
    TOKEN_CLEANER(AccountScenarios::tokenCleaner),
    CLUSTER_ROLES(AccountScenarios::clusterRoles),
    CERTIFICATES(CertificateScenarios::requests),
    DEVICE_CLAIMS(DeviceScenarios::claims),
    DEVICE_EVICTION(DeviceScenarios::evictions),
    STORAGE_VERSIONS(StorageVersionScenarios::garbage),
    SCHEDULING(Part.SCHEDULER, SchedulerScenarios::placement),
    SCHEDULED_VOLUMES(Part.SCHEDULER, SchedulerScenarios::volumes),
    SCHEDULED_DEVICES(Part.SCHEDULER, SchedulerScenarios::devices),

    // These let the clock jump on, by decades in the end.
    CERTIFICATE_CLEANER(CertificateScenarios::cleaning),
    LEGACY_TOKENS(AccountScenarios::legacyTokens);

    private final Part part;
    private final Supplier<Scenario> scenario;

    Kind(Supplier<Scenario> scenario) {
      this(Part.CONTROLLERS, scenario);
    }

    Kind(Part part, Supplier<Scenario> scenario) {
      this.part = part;
      this.scenario = scenario;
    }
  }

  private static Properties ends() {
    Properties ends = new Properties();
    try (InputStream file =
        Objects.requireNonNull(ConvergenceTest.class.getResourceAsStream("ends.properties"))) {
      ends.load(file);
    } catch (IOException e) {
      throw new UncheckedIOException("ends.properties", e);
    }
    return ends;
  }

  @AfterAll
  void close() {
    benches.values().forEach(ControlPlaneBench::close);
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void whateverHappensTheEndIsTheSame(Kind kind) {
    bench = benches.computeIfAbsent(kind.part, part -> new ControlPlaneBench(folder, part));
    Scenario scenario = kind.scenario.get();
    Object calm = calm(scenario);
    assertThat(calm.toString())
        .as("what ends.properties says, when nothing happens")
        .isEqualTo(ENDS.getProperty(kind.name()));
    for (int i = 0; i < TRIES; i++) {
      long seed = SEED + i;
      List<String> story = new ArrayList<>();
      Place place = place();
      bench.seed(seed);
      Random random = new Random(seed);
      for (Act act : scenario.acts()) {
        act.in(place);
        for (int blows = random.nextInt(BLOWS_MAX + 1); blows > 0; blows--) {
          if (bench.isDead()) { // a blow is for the living
            bench.restart();
          }
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
    return new Place(bench, name);
  }

  private void leave(Place place) {
    for (String kind : CLUSTER_WIDE.stream().filter(place::has).toList()) {
      place.list(kind).forEach(each -> place.delete(kind + "/" + Scenario.nameOf(each)));
    }
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

  /// What is there once nothing is left to do: it is waited for, not for ever, and must stay.
  private Object end(Scenario scenario, Place place, Object calm) {
    Object end = "nothing";
    int calmEnds = 0;
    for (int look = 0; look < LOOKS_MAX && calmEnds < CALM_ENDS; look++) {
      look(scenario, place);
      end = scenario.end().apply(place);
      calmEnds = end.equals(calm) ? calmEnds + 1 : 0;
    }
    return end;
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
