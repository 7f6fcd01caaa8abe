// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.havn.addresses.AddressRange;
import dev.havn.network.policy.Policies;
import dev.havn.network.policy.PoliciesTest;
import dev.havn.network.rules.Family;
import dev.havn.network.rules.RuleBook;
import dev.havn.network.rules.Rules;
import dev.havn.network.service.GoldenServices;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What a real kernel makes of the rules, in network namespaces of the test's own.
class KernelTest {
  private static final Frame FRAME =
      new Frame(
          Family.IPV4,
          "0123abcd",
          AddressRange.parse("10.244.0.0/16"),
          List.of(AddressRange.parse("10.96.0.0/16")),
          false,
          false,
          "10.96.0.10",
          Frame.Joint.NONE,
          1);

  private static final Frame SECOND =
      new Frame(
          Family.IPV6,
          "0123abcd",
          AddressRange.parse("fd00:10:244::/56"),
          List.of(AddressRange.parse("fd00:10:96::/112")),
          false,
          false,
          "",
          Frame.Joint.NONE,
          1);

  private static final Frame PLUGGED =
      new Frame(
          Family.IPV4,
          "89abcdef",
          AddressRange.parse("10.244.0.0/16"),
          List.of(AddressRange.parse("10.96.0.0/16")),
          true,
          true,
          "",
          Frame.Joint.NONE,
          1);

  /// Two nodes with a pod each; the pod of node b answers with the address that it sees.
  private static final String TOPOLOGY =
      """
      ip link set lo up
      await() {
        for try in $(seq 200); do
          if "$@"; then return; fi
          sleep 0.1
        done
        echo "in vain: $*"
        return 1
      }
      # A router asks for neighbours of others' packets under the link's own address only, which a
      # link has some time after it is up: kernels tell of that once a second, and then ask for up
      # to two whether somebody else has it.
      has_address() { [ -n "$(ip -6 address show dev $1 scope link -tentative)" ]; }
      settled() { await has_address $1; }
      serves() { nsenter --net=$WORK/$1 grep -q ':1F90 0.* 0A ' /proc/net/$2; }
      for each in all default; do echo 0 > /proc/sys/net/ipv6/conf/$each/accept_dad; done
      for n in 0 1; do
        ip link add hv0123abcd0$n type bridge
        ip address add 10.244.$n.1/24 dev hv0123abcd0$n
        ip address add fd00:10:244:$n::1/64 dev hv0123abcd0$n nodad
        ip link set hv0123abcd0$n up
        echo 1 > /proc/sys/net/ipv4/conf/hv0123abcd0$n/forwarding
        echo 1 > /proc/sys/net/ipv6/conf/hv0123abcd0$n/force_forwarding || echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
        touch $WORK/pod$n
        unshare --net=$WORK/pod$n true
        ip link add pod$n type veth peer name eth0
        ip link set pod$n master hv0123abcd0$n up
        ip link set pod$n type bridge_slave hairpin on
        ip link set eth0 netns $WORK/pod$n
        nsenter --net=$WORK/pod$n sh -c "ip link set lo up; ip address add 10.244.$n.5/32 dev eth0
          ip address add fd00:10:244:$n::5/128 dev eth0 nodad
          ip link set eth0 up; ip route add 10.244.$n.1 dev eth0; ip route add default via 10.244.$n.1
          ip route add fd00:10:244:$n::1 dev eth0; ip route add default via fd00:10:244:$n::1 dev eth0"
      done
      ip route add 10.96.0.0/16 dev hv0123abcd00
      ip route add fd00:10:96::/112 dev hv0123abcd00
      nft -f $WORK/rules
      for n in 0 1; do
        nsenter --net=$WORK/pod$n python3 -c "$SERVER" >&- 2>&- &
        AT=:: nsenter --net=$WORK/pod$n python3 -c "$SERVER" >&- 2>&- &
      done
      for n in 0 1; do
        settled hv0123abcd0$n
        await serves pod$n tcp
        await serves pod$n tcp6
      done
      """;

  static final String SERVER =
      """
      import os, socket
      at = os.environ.get('AT', '0.0.0.0')
      s = socket.create_server((at, 8080), family=socket.AF_INET6 if ':' in at else socket.AF_INET)
      s.settimeout(60)
      while True:
          c, a = s.accept()
          c.sendall((c.getsockname()[0] + ' from ' + a[0] + chr(10)).encode())
          c.close()
      """;

  static final String ASK =
      """
      import socket, sys
      try:
          print(socket.create_connection((sys.argv[1], int(sys.argv[2])), 2.5).recv(99).decode(), end='')
      except OSError as e:
          print(type(e).__name__)
      """;

  @BeforeEach
  void needsAKernelThatLeadsPackets() throws Exception {
    requireKernel();
  }

  static void requireKernel() throws Exception {
    assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
    for (String program : List.of("nft", "ip", "unshare", "nsenter", "python3")) {
      assumeTrue(run("command -v " + program, Map.of()).status() == 0, "needs " + program);
    }
    assumeTrue(inNamespace("nft add table ip x", Map.of()).status() == 0, "needs nftables");
  }

  static Commands.Output inNamespace(String script, Map<String, String> variables)
      throws Exception {
    return run(
        "exec unshare --mount --net --pid --fork --mount-proc --kill-child sh -c \"$SCRIPT\"",
        with(variables, "SCRIPT", "mount -t sysfs sysfs /sys\n" + script));
  }

  private static Map<String, String> with(Map<String, String> all, String name, String value) {
    Map<String, String> more = new java.util.HashMap<>(all);
    more.put(name, value);
    return more;
  }

  static Commands.Output run(String script, Map<String, String> variables) throws Exception {
    ProcessBuilder builder = new ProcessBuilder("sh", "-c", script).redirectErrorStream(true);
    builder.environment().putAll(variables);
    builder.environment().merge("PATH", ":/usr/sbin:/sbin", String::concat);
    Process process = builder.start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return new Commands.Output(process.exitValue(), output);
  }

  static RuleBook book(String... names) throws IOException {
    RuleBook book = new RuleBook(FRAME.table(), FRAME.commands());
    for (String name : names) {
      book.change(Map.of(name, GoldenServices.read(name).rules().rules()));
    }
    return book;
  }

  @Test
  void aKernelTakesAllThatIsWritten() throws Exception {
    StringBuilder script = new StringBuilder(book().all());
    for (String name : GoldenServices.ALL) {
      RuleBook one = book();
      script.append(one.change(Map.of("x", GoldenServices.read(name).rules().rules())));
      script.append(one.change(Map.of("x", Rules.NONE)));
    }
    RuleBook second = new RuleBook(SECOND.table(), SECOND.commands());
    script.append(second.all());
    for (String affinity : List.of("None", "ClientIP")) {
      GoldenServices six = GoldenServices.read("six");
      six.service().getSpec().setSessionAffinity(affinity);
      script.append(second.change(Map.of("x", six.rules(Family.IPV6).rules())));
    }
    script.append(second.change(Map.of("x", byClusterAddress("six").rules(Family.IPV6).rules())));
    script.append(new RuleBook(PLUGGED.table(), PLUGGED.commands()).all());
    Commands.Output output =
        inNamespace("echo \"$RULES\" | nft -f -", Map.of("RULES", script.toString()));
    assertThat(output.output()).isEmpty();
    assertThat(output.status()).isZero();
  }

  /// Whose links plugins make, they lead: out of the machine, and by ranges that may be the
  /// cluster's.
  @Test
  void ofPodsThatPluginsLinkOnlyServicesAreKeptInside() {
    assertThat(PLUGGED.commands())
        .contains(
            "rule border ip daddr { 10.96.0.0/16 } drop",
            "rule police-machine ip saddr vmap @policed-sources")
        .noneMatch(each -> each.contains("oifname != "));
    assertThat(FRAME.commands())
        .contains("rule border ip daddr { 10.244.0.0/16, 10.96.0.0/16 } drop");
  }

  /// Else whoever may write Services gets what is sent to pods of others (CVE-2020-8554).
  @Test
  void whatTheClusterGivesIsNobodysToNameButTheAddressesOfNodes() {
    List<String> nodes = List.of("10.244.0.1", "10.244.1.1");
    for (String given : List.of("10.244.0.5", "10.244.2.1", "10.96.0.20")) {
      assertThat(FRAME.isAllotted(given, nodes)).as(given).isTrue();
    }
    for (String other : List.of("10.244.0.1", "10.244.1.1", "10.245.0.5", "192.0.2.1")) {
      assertThat(FRAME.isAllotted(other, nodes)).as(other).isFalse();
    }
    assertThat(SECOND.isAllotted("fd00:10:244:0:0::5", List.of("fd00:10:244::1"))).isTrue();
    assertThat(SECOND.isAllotted("fd00:10:244:0:0::1", List.of("fd00:10:244::1"))).isFalse();
  }

  /// @param asks `POD ADDRESS PORT`, or `machine` for the pod
  private static List<String> answers(RuleBook book, List<String> asks) throws Exception {
    return answers(book, "", asks);
  }

  /// @param more what is done before anybody asks
  private static List<String> answers(RuleBook book, String more, List<String> asks)
      throws Exception {
    return answers(book.all(), more, asks);
  }

  /// A change of rules that the kernel has already.
  private static String changed(String change) {
    return "nft -f - <<'CHANGE'\n" + change + "CHANGE\n";
  }

  private static List<String> answers(String rules, String more, List<String> asks)
      throws Exception {
    StringBuilder script = new StringBuilder(more);
    for (String ask : asks) {
      String[] words = ask.split(" ");
      String in = words[0].equals("machine") ? "" : "nsenter --net=$WORK/" + words[0] + " ";
      script.append(in + "python3 -c \"$ASK\" " + words[1] + " " + words[2] + "\n");
    }
    List<String> lines = amongPods(rules, script.toString());
    assertThat(lines).as(String.join("\n", lines)).hasSize(asks.size());
    return lines;
  }

  /// What a script says between two nodes with a pod each.
  static List<String> amongPods(String rules, String script) throws Exception {
    String all = "set -e\nexport WORK=/run\necho \"$RULES\" > $WORK/rules\n" + TOPOLOGY + script;
    Commands.Output output =
        inNamespace(
            "mount -t tmpfs tmpfs /run\ncd /run\n" + all,
            Map.of("RULES", rules, "SERVER", SERVER, "ASK", ASK));
    return new ArrayList<>(output.output().lines().toList());
  }

  @Test
  void packetsGoWhereServicesLead() throws Exception {
    List<String> answers =
        answers(
            book("near"),
            List.of(
                "pod0 10.96.0.20 80",
                "pod1 10.96.0.20 80",
                "pod0 10.244.1.5 8080",
                "pod0 10.96.0.20 81",
                "pod0 10.96.0.99 80",
                "machine 10.96.0.99 80"));
    assertThat(answers)
        .containsExactly(
            // A Service with hints: each pod is led to itself, and sees its node as the client.
            "10.244.0.5 from 10.244.0.1",
            "10.244.1.5 from 10.244.1.1",
            "10.244.1.5 from 10.244.0.5",
            "ConnectionRefusedError",
            "ConnectionRefusedError",
            "ConnectionRefusedError");
  }

  /// One that is reached by no other address than the cluster's.
  private static GoldenServices byClusterAddress(String name) throws IOException {
    GoldenServices plain = GoldenServices.read(name);
    plain.service().getSpec().setExternalIPs(List.of());
    plain.service().getSpec().setType("ClusterIP");
    plain.service().getSpec().getPorts().forEach(each -> each.setNodePort(null));
    return plain;
  }

  @Test
  void endpointsOfAPortWithoutAChainHaveTheirTurn() throws Exception {
    List<String> asks = Collections.nCopies(20, "pod0 10.96.0.20 80");
    assertThat(answers(book("shared"), asks))
        .hasSameElementsAs(List.of("10.244.0.5 from 10.244.0.1", "10.244.1.5 from 10.244.0.5"));
    GoldenServices one = GoldenServices.read("shared");
    RuleBook book = book("shared");
    one.slices().getFirst().setEndpoints(one.slices().getFirst().getEndpoints().subList(1, 2));
    String change = book.change(Map.of("shared", one.rules().rules()));
    assertThat(
            answers(book("shared"), changed(change), Collections.nCopies(4, "pod0 10.96.0.20 80")))
        .containsOnly("10.244.1.5 from 10.244.0.5");
    RuleBook none = book();
    String before = none.all();
    String fresh = none.change(Map.of("shared", one.rules().rules()));
    assertThat(answers(before, changed(fresh), List.of("pod0 10.96.0.20 80")))
        .as("the first Service of a cluster")
        .containsExactly("10.244.1.5 from 10.244.0.5");
  }

  @Test
  void packetsOfTheSecondFamilyGoWhereServicesLead() throws Exception {
    RuleBook second = new RuleBook(SECOND.table(), SECOND.commands());
    second.change(Map.of("six", GoldenServices.read("six").rules(Family.IPV6).rules()));
    RuleBook plain = new RuleBook(SECOND.table(), SECOND.commands());
    plain.change(Map.of("six", byClusterAddress("six").rules(Family.IPV6).rules()));
    assertThat(answers(plain.all(), "", Collections.nCopies(4, "pod0 fd00:10:96::20 80")))
        .allMatch(each -> each.matches("fd00:10:244:(1:|):5 from fd00:10:244:(1:|):[15]"));
    List<String> asks =
        List.of(
            "pod0 fd00:10:244:1::5 8080",
            "pod0 fd00:10:96::99 80",
            "machine fd00:10:96::99 80",
            "pod0 2001:db8::99 80",
            "pod0 fd00:10:96::20 80",
            "pod0 2001:db8::80 80",
            "machine fd00:10:96::20 80",
            "machine fd00:10:244:1::1 30080");
    List<String> answers = answers(book().all() + second.all(), "", asks);
    assertThat(answers.subList(0, 4))
        .containsExactly(
            "fd00:10:244:1::5 from fd00:10:244::5",
            "ConnectionRefusedError",
            "ConnectionRefusedError",
            "OSError");
    assertThat(answers.subList(4, 8))
        .allMatch(each -> each.matches("fd00:10:244:(1:|):5 from fd00:10:244:(1:|):[15]"));
  }

  @Test
  void policiesHoldForTheSecondFamilyToo() throws Exception {
    RuleBook second = new RuleBook(SECOND.table(), SECOND.commands());
    second.change(
        new Policies(
                PoliciesTest.world(
                        "{podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress, Egress],"
                            + " ingress: [{from: [{ipBlock: {cidr: 'fd00:10:244::/64'}}],"
                            + " ports: [{port: main}]}]}")
                    .policies(),
                List.of(
                    PoliciesTest.pod("shop", "web", "fd00:10:244::5", "web"),
                    PoliciesTest.pod("shop", "db", "fd00:10:244:1::5", "db")),
                Map.of("shop", Map.of()))
            .rules(Family.IPV6));
    assertThat(
            answers(
                book().all() + second.all(),
                // What was learned of neighbours before is forgotten.
                "ip -6 neighbor flush all\n",
                List.of(
                    "pod0 fd00:10:244:1::5 8080",
                    "pod1 fd00:10:244::5 8080",
                    "machine fd00:10:244:1::5 8080")))
        .containsExactly(
            "fd00:10:244:1::5 from fd00:10:244::5",
            "TimeoutError",
            "fd00:10:244:1::5 from fd00:10:244:1::1");
  }

  @Test
  void policiesKeepOutWhomTheyDoNotName() throws Exception {
    RuleBook book = book("cluster");
    book.change(
        PoliciesTest.world(
                "{podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress, Egress], ingress:"
                    + " [{from: [{podSelector: {matchLabels: {app: web}}},"
                    + " {ipBlock: {cidr: 0.0.0.0/0, except: [10.244.0.0/16]}}],"
                    + " ports: [{port: main}, {port: 1, endPort: 9}]}]}")
            .rules(Family.IPV4));
    assertThat(
            answers(
                book,
                List.of("pod0 10.244.1.5 8080", "machine 10.244.1.5 8080", "pod1 10.244.0.5 8080")))
        .containsExactly(
            "10.244.1.5 from 10.244.0.5", "10.244.1.5 from 10.244.1.1", "TimeoutError");
    Map<String, Rules> others =
        PoliciesTest.world(
                "{podSelector: {matchLabels: {app: db}}, ingress:"
                    + " [{from: [{podSelector: {matchLabels: {app: db}}}]}]}")
            .rules(Family.IPV4);
    book.change(others);
    assertThat(answers(book, List.of("pod0 10.244.1.5 8080"))).containsExactly("TimeoutError");
  }

  @Test
  void theMachineAndNodePortsReachPods() throws Exception {
    List<String> answers =
        answers(
            book("local"),
            List.of(
                "machine 10.96.0.20 80",
                "machine 10.244.0.1 30080",
                "pod1 10.244.0.1 30080",
                "machine 10.244.1.1 30080",
                "pod1 10.96.0.20 80"));
    assertThat(answers)
        .containsExactly(
            "10.244.0.5 from 10.244.0.1",
            "10.244.0.5 from 10.244.0.1",
            "10.244.0.5 from 10.244.1.5",
            // Nothing of the Service runs on the second node, and its traffic stays where it is.
            "TimeoutError",
            "TimeoutError");
  }

  @Test
  void nobodyTakesPacketsThatAreNotTheMachinesNorReachesItsLoopback() throws Exception {
    RuleBook book = book();
    Rules.Builder rules = new Rules.Builder();
    String target = "10.244.1.5 . 8080";
    rules.element("host-ports", "10.244.0.1 . tcp . 8000", target);
    // Somebody else's address, here a pod's.
    rules.element("host-ports", "10.244.0.5 . tcp . 8080", target);
    rules.element("host-ports", "10.244.0.1 . tcp . 8001", "127.0.0.1 . 8080");
    book.change(Map.of("x", rules.build()));
    assertThat(
            answers(
                book,
                "python3 -c \"$SERVER\" >&- 2>&- &\nawait grep -q ':1F90 0.* 0A ' /proc/net/tcp\n"
                    + "echo 1 > /proc/sys/net/ipv4/conf/hv0123abcd00/route_localnet\n"
                    + "echo 1 > /proc/sys/net/ipv4/conf/hv0123abcd01/route_localnet\n",
                List.of(
                    "pod0 10.244.0.1 8000",
                    "pod1 10.244.0.5 8080",
                    "machine 10.244.0.5 8080",
                    "machine 127.0.0.1 8080",
                    "pod0 10.244.0.1 8001")))
        .containsExactly(
            "10.244.1.5 from 10.244.0.5",
            "10.244.0.5 from 10.244.1.5",
            "10.244.0.5 from 10.244.0.1",
            "127.0.0.1 from 127.0.0.1",
            "TimeoutError");
  }

  /// Plugins that lead host ports open the way (CVE-2020-8558); a pod needs only a way of its own.
  @Test
  void podsThatPluginsLinkReachTheMachinesLoopbackNoMoreThanOthers() throws Exception {
    String open =
        """
        python3 -c "$SERVER" >&- 2>&- &
        await grep -q ':1F90 0.* 0A ' /proc/net/tcp
        echo 1 > /proc/sys/net/ipv4/conf/hv0123abcd00/route_localnet
        nsenter --net=$WORK/pod0 sh -c "echo 1 > /proc/sys/net/ipv4/conf/eth0/route_localnet
          ip address del 127.0.0.1/8 dev lo
          ip route add 127.0.0.1 via 10.244.0.1 src 10.244.0.5"
        """;
    List<String> asks = List.of("machine 127.0.0.1 8080", "pod0 127.0.0.1 8080");
    assertThat(answers("", open, asks))
        .containsExactly("127.0.0.1 from 127.0.0.1", "127.0.0.1 from 10.244.0.5");
    assertThat(answers(new RuleBook(PLUGGED.table(), PLUGGED.commands()).all(), open, asks))
        .containsExactly("127.0.0.1 from 127.0.0.1", "TimeoutError");
  }
}
