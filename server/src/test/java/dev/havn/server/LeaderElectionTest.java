// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.reconcile.Api;
import dev.havn.reconcile.LeaderElection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Candidates against a real API, under virtual time.
class LeaderElectionTest {
  private static final String LEASE =
      "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/prize";

  private EmbeddedCluster cluster;
  private Api api;
  private final List<String> told = new ArrayList<>();
  private int failures;

  @BeforeEach
  void start() {
    cluster = EmbeddedCluster.start(1);
    api = new Api(cluster.client());
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  private LeaderElection candidate(String identity) {
    return candidate(identity, Duration.ZERO);
  }

  private LeaderElection candidate(String identity, Duration offeredEvery) {
    return candidate(identity, offeredEvery, api);
  }

  private LeaderElection candidate(String identity, Duration offeredEvery, Api way) {
    LeaderElection candidate =
        new LeaderElection(
            LeaderElection.Settings.of("kube-system", "prize", identity).offering(offeredEvery),
            way,
            cluster.time(),
            cluster.time(),
            leads -> told.add(identity + (leads ? " leads" : " rests")));
    candidate.start();
    cluster.settle();
    return candidate;
  }

  private String holder() {
    return api.get(LEASE).path("spec").path("holderIdentity").asText();
  }

  @Test
  void theFirstOfTwoLeadsForAsLongAsItRenews() {
    LeaderElection one = candidate("one");
    LeaderElection two = candidate("two");
    cluster.advance(Duration.ofMinutes(10));
    assertThat(told).containsExactly("one leads");
    assertThat(two.leads()).isFalse();
    assertThat(api.get(LEASE).path("spec").path("leaseTransitions").asInt()).isZero();
    one.close();
    two.close();
  }

  /// Nothing runs while the clock jumps, as with a try to renew that hangs.
  @Test
  void aLeaderThatHangsIsOverdueSomeTimeAfterItsLease() {
    Duration tolerated = Duration.ofSeconds(20);
    LeaderElection one = candidate("one");
    LeaderElection two = candidate("two");
    cluster.jump(Duration.ofSeconds(35));
    assertThat(one.isOverdue(tolerated)).isFalse();
    cluster.jump(Duration.ofMillis(1));
    assertThat(one.isOverdue(tolerated)).isTrue();
    assertThat(two.isOverdue(tolerated)).as("does not lead").isFalse();
    cluster.advance(Duration.ofSeconds(2));
    assertThat(one.leads() || two.leads()).isTrue();
    assertThat(one.isOverdue(tolerated) || two.isOverdue(tolerated)).isFalse();
    one.close();
    two.close();
  }

  @Test
  void aLeaderThatStopsLetsTheOtherInAtOnce() {
    LeaderElection one = candidate("one");
    LeaderElection two = candidate("two");
    one.close();
    assertThat(holder()).isEmpty();
    cluster.advance(Duration.ofSeconds(2));
    assertThat(told).containsExactly("one leads", "one rests", "two leads");
    two.close();
  }

  @Test
  void aLeaderThatCouldNotRenewGivesItsLeaseBackWhenItEnds() {
    try (RefusingApi way = new RefusingApi(cluster, _ -> failures-- > 0)) {
      LeaderElection one = candidate("one", Duration.ZERO, way.api());
      failures = 1_000;
      cluster.advance(Duration.ofSeconds(13));
      assertThat(told).containsExactly("one leads", "one rests");
      assertThat(holder()).isEqualTo("one");
      failures = 0;
      one.close();
      assertThat(holder()).isEmpty();
    }
  }

  @Test
  void aLeaseIsGivenBackAlsoWhenTheFirstTryFails() {
    try (RefusingApi way = new RefusingApi(cluster, _ -> failures-- > 0)) {
      LeaderElection one = candidate("one", Duration.ZERO, way.api());
      failures = 1;
      one.close();
      assertThat(holder()).isEmpty();
    }
  }

  @Test
  void whatCannotBeGivenBackIsNotTriedForEver() {
    try (RefusingApi way = new RefusingApi(cluster, _ -> failures-- > 0)) {
      LeaderElection one = candidate("one", Duration.ZERO, way.api());
      failures = 1_000;
      one.close();
      assertThat(failures).isEqualTo(997);
      assertThat(holder()).isEqualTo("one");
    }
  }

  @Test
  void aLeaderThatOffersItsLeaseLeadsOnlyWhileNobodyElseWantsIt() {
    LeaderElection standby = candidate("standby", Duration.ofSeconds(30));
    cluster.advance(Duration.ofSeconds(33));
    assertThat(told).containsExactly("standby leads", "standby rests");
    cluster.advance(Duration.ofSeconds(3));
    assertThat(told).containsExactly("standby leads", "standby rests", "standby leads");
    told.clear();
    LeaderElection other = candidate("other");
    cluster.advance(Duration.ofMinutes(10));
    assertThat(told).containsExactly("standby rests", "other leads");
    other.close();
    cluster.advance(Duration.ofSeconds(2));
    assertThat(standby.leads()).isTrue();
    standby.close();
  }

  @Test
  void aLeaderThatDiesIsReplacedWhenItsLeaseEnds() {
    api.create(LEASE.replace("/prize", ""), foreign(15).toString());
    LeaderElection two = candidate("two");
    cluster.advance(Duration.ofSeconds(14));
    assertThat(two.leads()).isFalse();
    cluster.advance(Duration.ofSeconds(4));
    assertThat(two.leads()).isTrue();
    assertThat(holder()).isEqualTo("two");
    assertThat(api.get(LEASE).path("spec").path("leaseTransitions").asInt()).isEqualTo(1);
    two.close();
  }

  private static com.fasterxml.jackson.databind.node.ObjectNode foreign(int seconds) {
    var lease = Api.object().put("kind", "Lease").put("apiVersion", "coordination.k8s.io/v1");
    lease.putObject("metadata").put("name", "prize");
    // Its clock is years ahead: only its changes count.
    lease
        .putObject("spec")
        .put("holderIdentity", "dead")
        .put("leaseDurationSeconds", seconds)
        .put("acquireTime", "2036-01-01T00:00:00.000000Z")
        .put("renewTime", "2036-01-01T00:00:00.000000Z");
    return lease;
  }

  @Test
  void aLeaderThatCannotRenewStepsDownBeforeItsLeaseEnds() {
    LeaderElection one = candidate("one");
    var stolen = (com.fasterxml.jackson.databind.node.ObjectNode) api.get(LEASE);
    stolen.withObjectProperty("spec").put("holderIdentity", "thief");
    api.update(LEASE, stolen);
    cluster.advance(Duration.ofSeconds(2));
    assertThat(told).containsExactly("one leads", "one rests");
    cluster.advance(Duration.ofSeconds(20));
    assertThat(one.leads()).isTrue();
    one.close();
  }

  @Test
  void aClockThatJumpsForwardNeverMakesTwoLeaders() {
    LeaderElection one = candidate("one");
    LeaderElection two = candidate("two");
    cluster.jump(Duration.ofHours(8));
    for (int i = 0; i < 60; i++) {
      cluster.advance(Duration.ofSeconds(1));
      assertThat(one.leads() && two.leads()).isFalse();
    }
    assertThat(one.leads() || two.leads()).isTrue();
    one.close();
    two.close();
  }

  @Test
  void aClockThatGoesBackDoesNotKeepADeadLeaderAlive() {
    api.create(LEASE.replace("/prize", ""), foreign(15).toString());
    LeaderElection two = candidate("two");
    cluster.advance(Duration.ofSeconds(10));
    cluster.jump(Duration.ofHours(-8));
    cluster.advance(Duration.ofSeconds(20));
    assertThat(two.leads()).isTrue();
    two.close();
  }

  @Test
  void theClustersOwnControllersAndSchedulerLead() {
    for (String name : List.of("kube-controller-manager", "kube-scheduler")) {
      assertThat(api.get(LEASE.replace("prize", name)).path("spec").path("holderIdentity").asText())
          .isNotEmpty();
    }
  }
}
