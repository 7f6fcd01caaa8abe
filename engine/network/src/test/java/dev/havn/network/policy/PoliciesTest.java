// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.policy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.network.policy.Policies.Party;
import dev.havn.network.rules.Family;
import dev.havn.network.rules.Rules;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

public class PoliciesTest {
  private static final KubernetesSerialization YAML = new KubernetesSerialization();
  private static final PolicyPod WEB = pod("shop", "web", "10.244.0.5", "web");
  private static final PolicyPod DB = pod("shop", "db", "10.244.1.5", "db");
  private static final PolicyPod SPY = pod("other", "spy", "10.244.0.6", "web");
  private static final PolicyPod NAMES =
      new PolicyPod(
          "kube-system", "kube-dns", "10.244.0.1", Map.of("k8s-app", "kube-dns"), List.of(), 53);

  public static PolicyPod pod(String namespace, String name, String address, String app) {
    return new PolicyPod(
        namespace,
        name,
        address,
        Map.of("app", app),
        List.of(new PolicyPod.NamedPort("main", "tcp", 8_080)),
        0);
  }

  private static NetworkPolicy policy(String name, String spec) {
    return YAML.unmarshal(
        "---\nmetadata: {name: " + name + ", namespace: shop}\nspec: " + spec + "\n",
        NetworkPolicy.class);
  }

  public static Policies world(String... specs) {
    List<NetworkPolicy> policies = new ArrayList<>();
    for (String spec : specs) {
      policies.add(policy("p" + (policies.size() + 1), spec));
    }
    return new Policies(
        policies,
        List.of(WEB, DB, SPY, NAMES),
        Map.of("shop", Map.of("team", "a"), "other", Map.of("team", "b")));
  }

  private static String decide(Policies world, PolicyPod from, PolicyPod to, int port) {
    Policies.Verdict verdict =
        world.decide(new Party(from.address(), from), new Party(to.address(), to), "tcp", port);
    return (verdict.allowed() ? "yes: " : "no: ") + verdict.reason();
  }

  @Test
  void withoutPoliciesAllIsFree() {
    assertThat(decide(world(), SPY, DB, 8_080))
        .isEqualTo(
            "yes: egress of other/spy is not restricted by any NetworkPolicy;"
                + " ingress of shop/db is not restricted by any NetworkPolicy");
  }

  @Test
  void whatIsSelectedNeedsARule() {
    Policies world =
        world(
            "{podSelector: {}, policyTypes: [Ingress]}",
            "{podSelector: {matchLabels: {app: db}}, ingress:"
                + " [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: main}]}]}");
    assertThat(decide(world, WEB, DB, 8_080))
        .endsWith("ingress of shop/db is allowed by rule 1 of NetworkPolicy shop/p2");
    assertThat(decide(world, WEB, DB, 8_081))
        .isEqualTo(
            "no: ingress of shop/db is allowed by no rule of NetworkPolicy shop/p1, shop/p2");
    assertThat(decide(world, SPY, DB, 8_080)).startsWith("no: ");
    assertThat(decide(world, DB, WEB, 8_080)).startsWith("no: ");
    assertThat(decide(world, WEB, SPY, 8_080)).startsWith("yes: ");
    assertThat(decide(world, DB, DB, 1)).isEqualTo("yes: a pod always reaches itself");
  }

  @Test
  void namespacesBlocksAndRanges() {
    Policies world =
        world(
            "{podSelector: {matchLabels: {app: db}}, ingress: [{from: ["
                + "{namespaceSelector: {matchExpressions: [{key: team, operator: In, values: [b]}]},"
                + " podSelector: {matchLabels: {app: web}}}], ports: [{port: 80, endPort: 90}]},"
                + "{from: [{ipBlock: {cidr: 192.0.2.0/24, except: [192.0.2.128/25]}}]}]}");
    assertThat(decide(world, SPY, DB, 85)).startsWith("yes: ");
    assertThat(decide(world, SPY, DB, 91)).startsWith("no: ");
    assertThat(decide(world, WEB, DB, 85)).startsWith("no: ");
    Party db = new Party(DB.address(), DB);
    assertThat(world.decide(new Party("192.0.2.7", null), db, "udp", 1).allowed()).isTrue();
    assertThat(world.decide(new Party("192.0.2.200", null), db, "udp", 1).allowed()).isFalse();
  }

  @Test
  void thosePodsThatAskForNamesOnlyMayAskForNamesOnly() {
    Policies world =
        world(
            "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {},"
                + " podSelector: {matchLabels: {k8s-app: kube-dns}}}]}]}");
    assertThat(decide(world, WEB, NAMES, 53)).startsWith("yes: ");
    assertThat(decide(world, WEB, NAMES, 6_443))
        .isEqualTo("no: egress of shop/web is allowed by no rule of NetworkPolicy shop/p1");
    assertThat(decide(world, WEB, DB, 8_080)).startsWith("no: ");
  }

  @Test
  void rulesSayTheSame() {
    String text =
        world(
                "{podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress], ingress:"
                    + " [{from: [{podSelector: {matchLabels: {app: web}}}],"
                    + " ports: [{port: main}, {port: 80, endPort: 90, protocol: UDP}]}]}")
            .rules(Family.IPV4)
            .toString();
    String chain =
        "ingress-" + java.util.HexFormat.of().toHexDigits("shop/p1".hashCode()) + "-shop/p1";
    assertThat(text)
        .contains("set=" + chain + "_1, key=10.244.0.5")
        .doesNotContain("key=10.244.0.6")
        .contains(
            "ip saddr @" + chain + "_1 meta l4proto udp th dport 80-90 accept",
            "ip saddr @"
                + chain
                + "_1 ip daddr . meta l4proto . th dport @"
                + chain
                + "_1_ports accept",
            "key=10.244.1.5 . tcp . 8080",
            "[ip saddr 10.244.1.5 accept, jump " + chain + ", drop]",
            "Element[set=policed-targets, key=10.244.1.5]=goto to-10.244.1.5");
  }

  private static final List<String> SPECS =
      List.of(
          "{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels:"
              + " {app: web}}}], ports: [{port: main}]}]}",
          "{podSelector: {}, policyTypes: [Ingress, Egress], egress: [{ports: [{port: main}]},"
              + " {to: [{namespaceSelector: {matchLabels: {team: b}}}]}]}",
          "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress],"
              + " egress: [{ports: [{port: main}]}]}",
          "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]},"
              + " {from: [{namespaceSelector: {}, podSelector: {matchExpressions: [{key: app,"
              + " operator: NotIn, values: [web]}]}}]}]}");

  private static PolicyPod pod(int number, Random random) {
    PolicyPod pod =
        pod(
            random.nextBoolean() ? "shop" : "other",
            "p" + number,
            random.nextInt(5) == 0 ? "fd00::" + random.nextInt(3) : "10.244.0." + random.nextInt(5),
            random.nextBoolean() ? "web" : "db");
    return random.nextBoolean()
        ? pod
        : new PolicyPod(
            pod.namespace(), pod.name(), pod.address(), pod.labels(), List.of(), pod.port());
  }

  @Property(tries = 300)
  void whatAChangeOfPodsMayConcernIsAllThatChanges(@ForAll long seed) {
    Random random = new Random(seed);
    List<String> specs = SPECS.stream().filter(_ -> random.nextInt(4) > 0).toList();
    Map<Integer, PolicyPod> pods = new TreeMap<>();
    for (int i = 0; i < 8; i++) {
      pods.put(i, pod(i, random));
    }
    Policies world = world(specs.toArray(String[]::new));
    Policies before =
        new Policies(world.policies(), List.copyOf(pods.values()), world.namespaces());
    List<PolicyPod> changed = new ArrayList<>();
    for (int i = random.nextInt(3); i >= 0; i--) {
      int number = random.nextInt(10);
      @Nullable PolicyPod gone = pods.remove(number);
      changed.addAll(gone == null ? List.of() : List.of(gone));
      if (random.nextBoolean()) {
        pods.put(number, pod(number, random));
        changed.add(Objects.requireNonNull(pods.get(number)));
      }
    }
    Policies after = new Policies(world.policies(), List.copyOf(pods.values()), world.namespaces());
    for (Family family : Family.values()) {
      Map<String, Rules> patched = new TreeMap<>(before.rules(family));
      patched.putAll(after.rules(family, changed));
      patched.values().removeIf(Rules.NONE::equals);
      assertThat(patched).isEqualTo(after.rules(family));
    }
  }

  @Test
  void aPodThatNoPolicyIsAboutChangesOnlyWhatIsAboutItsAddress() {
    Policies world =
        world(
            "{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {}}]}]}",
            "{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{namespaceSelector:"
                + " {matchLabels: {team: b}}}]}]}");
    assertThat(world.rules(Family.IPV4, List.of(SPY)).keySet())
        .containsExactly("ISOLATION 10.244.0.6", "POLICY shop/p2");
    assertThat(world.rules(Family.IPV6, List.of(SPY))).isEmpty();
  }

  /// A chain's name has at most 255 characters in a kernel, an address of its tables one family.
  @Test
  void noPodIsInTheWayOfOthersByItsNameOrAddress() {
    Policies world = world("{podSelector: {}, policyTypes: [Ingress]}");
    List<PolicyPod> pods = new ArrayList<>(world.pods());
    pods.add(pod("shop", "p".repeat(253), "10.244.0.9", "web"));
    pods.add(pod("shop", "six", "fd00::1", "web"));
    Map<String, Rules> rules =
        new Policies(world.policies(), pods, world.namespaces()).rules(Family.IPV4);
    assertThat(rules).containsKey("ISOLATION 10.244.0.9");
    assertThat(rules.values())
        .allSatisfy(
            each -> {
              assertThat(each.chains().keySet()).allMatch(name -> name.length() < 200);
              assertThat(each.toString()).doesNotContain("fd00::1");
            });
  }

  /// A node says which addresses its pods have.
  @Test
  void whatOnePodIsAllowedIsNotAllowedToAnotherThatClaimsItsAddress() {
    NetworkPolicy open = policy("open", "{podSelector: {}, ingress: [{}]}");
    open.getMetadata().setNamespace("aaa");
    Policies world = world("{podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]}");
    List<NetworkPolicy> policies = new ArrayList<>(world.policies());
    policies.add(open);
    List<PolicyPod> pods = new ArrayList<>(world.pods());
    pods.add(pod("aaa", "x", DB.address(), "web"));
    Rules rules =
        Objects.requireNonNull(
            new Policies(policies, pods, Map.of())
                .rules(Family.IPV4)
                .get("ISOLATION " + DB.address()));
    assertThat(rules.chains().get("to-" + DB.address()))
        .containsExactly("ip saddr " + DB.address() + " accept", "drop");
    policies.remove(open);
    rules =
        Objects.requireNonNull(
            new Policies(policies, pods, Map.of())
                .rules(Family.IPV4)
                .get("ISOLATION " + DB.address()));
    assertThat(rules.chains().get("to-" + DB.address())).hasSize(3);
  }
}
