// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.havn.addresses.AddressRange;
import dev.havn.network.policy.PoliciesTest;
import dev.havn.network.rules.Family;
import dev.havn.network.rules.RuleBook;
import dev.havn.network.service.GoldenServices;
import dev.havn.network.service.Place;
import dev.havn.network.service.ServiceRules;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What a real kernel makes of the rules of two nodes, where the second one has a network namespace
/// of its own, joined with the machine's by a pair of links.
class JointTest {
  private static final Place FIRST = new Place("a", "hv0123abcd00", "10.244.0.1", "x");
  private static final Place SECOND = new Place("b", "hv0123abcd01", "10.244.1.1", "y");

  private static final Frame MACHINE =
      frame(new Frame.Joint(List.of("hv0123abcd01"), List.of("10.244.0.1"), List.of("10.244.1.1")));

  private static final Frame APART =
      frame(
          new Frame.Joint(List.of("hv0123abcd-up"), List.of("10.244.1.1"), List.of("10.244.0.1")));

  private static Frame frame(Frame.Joint joint) {
    return frame(joint, false);
  }

  private static Frame frame(Frame.Joint joint, boolean plugged) {
    return new Frame(
        Family.IPV4,
        "0123abcd",
        AddressRange.parse("10.244.0.0/16"),
        List.of(AddressRange.parse("10.96.0.0/16")),
        false,
        plugged,
        "10.96.0.10",
        joint,
        1);
  }

  private static final String TOPOLOGY =
      """
      ip link set lo up
      touch $WORK/node1
      unshare --net=$WORK/node1 true
      ip link add hv0123abcd01 type veth peer name hv0123abcd-up
      ip link set hv0123abcd-up netns $WORK/node1
      in1() { nsenter --net=$WORK/node1 "$@"; }
      pod() {
        touch $WORK/pod$2
        unshare --net=$WORK/pod$2 true
        $3 ip link add pod$2 type veth peer name eth0
        $3 ip link set pod$2 master hv0123abcd0$1 up
        $3 ip link set pod$2 type bridge_slave hairpin on
        $3 ip link set eth0 netns $WORK/pod$2
        nsenter --net=$WORK/pod$2 sh -c "ip link set lo up; ip address add 10.244.$1.$4/32 dev eth0
          ip link set eth0 up; ip route add 10.244.$1.1 dev eth0; ip route add default via 10.244.$1.1"
        nsenter --net=$WORK/pod$2 python3 -c "$SERVER" >&- 2>&- &
      }
      listens() {
        for look in $(seq 1500); do
          nsenter --net=$WORK/$1 grep -q ":1F90 .* 0A " /proc/net/tcp && return
          sleep 0.02
        done
        echo "nobody listens in $1"
        exit 1
      }
      ip link add hv0123abcd00 type bridge
      ip address add 10.244.0.1/24 dev hv0123abcd00
      ip link set hv0123abcd00 up
      in1 ip link set lo up
      in1 ip link add hv0123abcd01 type bridge
      in1 ip address add 10.244.1.1/24 dev hv0123abcd01
      in1 ip link set hv0123abcd01 up
      in1 ip link set hv0123abcd-up up
      in1 sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'
      in1 ip route add default via 10.244.0.1 dev hv0123abcd-up onlink src 10.244.1.1
      in1 ip route add 10.96.0.0/16 dev hv0123abcd01
      ip link set hv0123abcd01 up
      ip route add 10.244.1.0/24 via 10.244.1.1 dev hv0123abcd01 onlink src 10.244.0.1
      ip route add 10.96.0.0/16 dev hv0123abcd00
      for n in 00 01; do echo 1 > /proc/sys/net/ipv4/conf/hv0123abcd$n/forwarding; done
      pod 0 0 "" 5
      pod 0 2 "" 9
      pod 1 1 "nsenter --net=$WORK/node1" 5
      pod 1 3 "nsenter --net=$WORK/node1" 9
      nft -f $WORK/rules
      in1 nft -f $WORK/apart
      for each in pod0 pod1 pod2 pod3; do listens $each; done
      """;

  @BeforeEach
  void needsAKernelThatLeadsPackets() throws Exception {
    assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
    for (String program : List.of("nft", "ip", "unshare", "nsenter", "python3")) {
      assumeTrue(KernelTest.run("command -v " + program, Map.of()).status() == 0, program);
    }
  }

  private static RuleBook book(Frame frame, Place place, GoldenServices golden) {
    RuleBook book = new RuleBook(frame.table(), frame.commands());
    ServiceRules rules =
        ServiceRules.of(
            Family.IPV4,
            golden.service(),
            golden.slices(),
            List.of(place),
            frame.plugged() ? "" : "hv0123abcd*",
            each -> each.startsWith("10.96."));
    book.change(Map.of("service", rules.rules()));
    return book;
  }

  private static List<String> answers(RuleBook machine, RuleBook apart, List<String> asks)
      throws Exception {
    return answers(TOPOLOGY, machine, apart, asks);
  }

  private static List<String> answers(
      String topology, RuleBook machine, RuleBook apart, List<String> asks) throws Exception {
    StringBuilder script = new StringBuilder("set -e\nexport WORK=/run\n");
    script.append("echo \"$RULES\" > $WORK/rules\necho \"$APART\" > $WORK/apart\n");
    script.append(topology);
    for (String ask : asks) {
      String[] words = ask.split(" ");
      String in = words[0].equals("machine") ? "" : "nsenter --net=$WORK/" + words[0] + " ";
      script.append(in + "python3 -c \"$ASK\" " + words[1] + " " + words[2] + "\n");
    }
    Commands.Output output =
        KernelTest.inNamespace(
            "mount -t tmpfs tmpfs /run\ncd /run\n" + script,
            Map.of(
                "RULES",
                machine.all(),
                "APART",
                apart.all(),
                "SERVER",
                KernelTest.SERVER,
                "ASK",
                KernelTest.ASK));
    List<String> lines = output.output().lines().toList();
    assertThat(lines).as(output.output()).hasSize(asks.size());
    return lines;
  }

  /// One endpoint, a pod of the first node.
  private static GoldenServices onlyFirst() throws IOException {
    GoldenServices golden = GoldenServices.read("local");
    golden.service().getSpec().setExternalTrafficPolicy("Cluster");
    golden.service().getSpec().setInternalTrafficPolicy("Cluster");
    golden.service().getSpec().setHealthCheckNodePort(null);
    return golden;
  }

  /// Answers come back the way that questions went, wherever the pod behind a port is.
  @Test
  void nodePortsOfEachNodeLeadToPodsOfAnyNode() throws Exception {
    GoldenServices golden = onlyFirst();
    List<String> asks =
        List.of(
            "machine 10.244.1.1 30080",
            "pod2 10.244.1.1 30080",
            "pod0 10.244.1.1 30080",
            "pod1 10.244.1.1 30080",
            "node1 10.244.1.1 30080",
            "node1 10.244.0.1 30080",
            "pod1 10.244.0.1 30080",
            "machine 10.244.0.1 30080");
    assertThat(answers(book(MACHINE, FIRST, golden), book(APART, SECOND, golden), asks))
        .containsExactly(
            "10.244.0.5 from 10.244.1.1",
            "10.244.0.5 from 10.244.1.1",
            "10.244.0.5 from 10.244.1.1",
            "10.244.0.5 from 10.244.1.1",
            "10.244.0.5 from 10.244.1.1",
            "10.244.0.5 from 10.244.1.1",
            "10.244.0.5 from 10.244.1.5",
            "10.244.0.5 from 10.244.0.1");
  }

  @Test
  void aPortOfTheFirstNodeLeadsBackToWhereItsClientIs() throws Exception {
    GoldenServices golden = onlyFirst();
    golden.slices().getFirst().getEndpoints().getFirst().setAddresses(List.of("10.244.1.5"));
    golden.slices().getFirst().getEndpoints().getFirst().setNodeName("b");
    List<String> asks =
        List.of(
            "pod3 10.244.0.1 30080",
            "pod1 10.244.0.1 30080",
            "pod1 10.96.0.20 80",
            "pod3 10.96.0.20 80",
            "pod2 10.96.0.20 80",
            "node1 10.96.0.20 80",
            "machine 10.96.0.20 80");
    assertThat(answers(book(MACHINE, FIRST, golden), book(APART, SECOND, golden), asks))
        .containsExactly(
            "10.244.1.5 from 10.244.0.1",
            "10.244.1.5 from 10.244.0.1",
            "10.244.1.5 from 10.244.1.1",
            "10.244.1.5 from 10.244.1.9",
            "10.244.1.5 from 10.244.0.9",
            "10.244.1.5 from 10.244.1.1",
            "10.244.1.5 from 10.244.0.1");
  }

  @Test
  void trafficThatStaysOnANodeStaysWithWhatTheNodeSendsItself() throws Exception {
    GoldenServices golden = GoldenServices.read("local");
    List<String> asks =
        List.of(
            "machine 10.96.0.20 80",
            "node1 10.96.0.20 80",
            "pod1 10.96.0.20 80",
            "machine 10.244.1.1 30080",
            "pod1 10.244.0.1 30080",
            "pod1 10.96.0.99 80",
            "node1 10.96.0.99 80");
    assertThat(answers(book(MACHINE, FIRST, golden), book(APART, SECOND, golden), asks))
        .containsExactly(
            "10.244.0.5 from 10.244.0.1",
            "TimeoutError",
            "TimeoutError",
            "TimeoutError",
            "10.244.0.5 from 10.244.1.5",
            "ConnectionRefusedError",
            "ConnectionRefusedError");
  }

  @Test
  void policiesHoldWhereverPodsAreAndNodesReachThemAll() throws Exception {
    GoldenServices golden = onlyFirst();
    golden.slices().getFirst().getEndpoints().getFirst().setAddresses(List.of("10.244.1.5"));
    golden.slices().getFirst().getEndpoints().getFirst().setNodeName("b");
    RuleBook machine = book(MACHINE, FIRST, golden);
    RuleBook apart = book(APART, SECOND, golden);
    var closed =
        PoliciesTest.world(
                "{podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress, Egress], ingress:"
                    + " [{from: [{podSelector: {matchLabels: {app: web}}}]}]}")
            .rules(Family.IPV4);
    machine.change(closed);
    apart.change(closed);
    List<String> asks =
        List.of(
            "pod0 10.244.1.5 8080",
            "pod2 10.244.1.5 8080",
            "pod3 10.244.1.5 8080",
            "machine 10.244.1.5 8080",
            "node1 10.244.1.5 8080",
            "pod0 10.244.0.1 30080",
            "pod2 10.244.0.1 30080",
            "pod1 10.244.0.5 8080");
    assertThat(answers(machine, apart, asks))
        .containsExactly(
            "10.244.1.5 from 10.244.0.5",
            "TimeoutError",
            "TimeoutError",
            "10.244.1.5 from 10.244.0.1",
            "10.244.1.5 from 10.244.1.1",
            "10.244.1.5 from 10.244.0.1",
            "TimeoutError",
            "TimeoutError");
  }

  private static final Frame PLUGGED = frame(MACHINE.joint(), true);
  private static final Frame PLUGGED_APART = frame(APART.joint(), true);

  /// The same with pods on bridges of a plugin that has its own rules of who a packet's sender is,
  /// and a machine beyond.
  private static String plugged() {
    String bridges =
        """
        for n in 0 1; do
          at=; [ $n = 0 ] || at=in1
          $at ip address add 10.244.$n.1/32 dev hv0123abcd0$n
          $at ip address del 10.244.$n.1/24 dev hv0123abcd0$n
          $at ip link add cni0 type bridge
          $at ip address add 10.244.$n.1/24 dev cni0
          $at ip link set cni0 up
          $at sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'
          $at nft -f - <<MASQ
        table ip cni {
          chain post {
            type nat hook postrouting priority srcnat
            ip saddr 10.244.$n.0/24 ip daddr != 10.244.$n.0/24 masquerade
          }
        }
        MASQ
        done
        touch $WORK/beyond
        unshare --net=$WORK/beyond true
        ip link add out type veth peer name eth0
        ip link set eth0 netns $WORK/beyond
        ip address add 192.0.2.1/24 dev out
        ip link set out up
        nsenter --net=$WORK/beyond sh -c "ip link set lo up; ip address add 192.0.2.9/24 dev eth0; ip link set eth0 up"
        nsenter --net=$WORK/beyond python3 -c "$SERVER" >&- 2>&- &
        """;
    return TOPOLOGY
        .replace("master hv0123abcd0$1", "master cni0")
        .replace("pod 0 0 \"\" 5", bridges + "pod 0 0 \"\" 5")
        .replace("for each in pod0", "for each in beyond pod0");
  }

  /// Whatever plugins say, a pod is known as itself by pods of the other node and their policies;
  /// beyond, nobody knows the other node.
  @Test
  void podsThatPluginsLinkKeepTheirAddressToTheOtherNodeAndNotBeyond() throws Exception {
    GoldenServices golden = onlyFirst();
    RuleBook machine = book(PLUGGED, FIRST, golden);
    RuleBook apart = book(PLUGGED_APART, SECOND, golden);
    List<String> asks =
        List.of(
            "pod1 10.244.0.5 8080",
            "pod0 10.244.1.5 8080",
            "pod1 10.96.0.20 80",
            "pod2 10.244.1.1 30080",
            "node1 10.244.0.5 8080",
            "pod0 192.0.2.9 8080",
            "pod1 192.0.2.9 8080",
            "node1 192.0.2.9 8080");
    assertThat(answers(plugged(), machine, apart, asks))
        .containsExactly(
            "10.244.0.5 from 10.244.1.5",
            "10.244.1.5 from 10.244.0.5",
            "10.244.0.5 from 10.244.1.5",
            "10.244.0.5 from 10.244.1.1",
            "10.244.0.5 from 10.244.1.1",
            "192.0.2.9 from 192.0.2.1",
            "192.0.2.9 from 192.0.2.1",
            "192.0.2.9 from 192.0.2.1");
  }

  @Test
  void policiesHoldBetweenNodesOfPodsThatPluginsLink() throws Exception {
    GoldenServices golden = onlyFirst();
    RuleBook machine = book(PLUGGED, FIRST, golden);
    RuleBook apart = book(PLUGGED_APART, SECOND, golden);
    var closed =
        PoliciesTest.world(
                "{podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress], ingress:"
                    + " [{from: [{podSelector: {matchLabels: {app: web}}}]}]}")
            .rules(Family.IPV4);
    machine.change(closed);
    apart.change(closed);
    List<String> asks =
        List.of("pod0 10.244.1.5 8080", "pod2 10.244.1.5 8080", "machine 10.244.1.5 8080");
    assertThat(answers(plugged(), machine, apart, asks))
        .containsExactly(
            "10.244.1.5 from 10.244.0.5", "TimeoutError", "10.244.1.5 from 10.244.0.1");
  }

  /// What keeps pods from sending in another's name is the plugins' business; nodes pass policies,
  /// and only what comes from where they are is theirs.
  @Test
  void noPodOfANodePassesPoliciesInTheNameOfTheOther() throws Exception {
    RuleBook machine = book(PLUGGED, FIRST, onlyFirst());
    RuleBook apart = book(PLUGGED_APART, SECOND, onlyFirst());
    var closed =
        PoliciesTest.world(
                "{podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress], ingress:"
                    + " [{from: [{podSelector: {matchLabels: {app: db}}}]}]}")
            .rules(Family.IPV4);
    machine.change(closed);
    apart.change(closed);
    String spoken =
        """
        for each in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $each; done
        nsenter --net=$WORK/pod2 ip address add 10.244.1.1/32 dev lo
        cat > $WORK/hear.py <<'END'
        import socket
        port = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        port.bind(('10.244.0.5', 9))
        port.settimeout(20)
        open('heard.ready', 'w').close()
        heard = []
        while not heard or heard[-1] != 'last':
            heard.append(port.recv(99).decode())
        server = socket.create_server(('10.244.0.5', 8002))
        client, _ = server.accept()
        client.sendall((', '.join(heard) + chr(10)).encode())
        END
        cat > $WORK/say.py <<'END'
        import socket, sys
        port = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        port.bind((sys.argv[2], 0))
        port.sendto(sys.argv[1].encode(), ('10.244.0.5', 9))
        END
        nsenter --net=$WORK/pod0 python3 $WORK/hear.py >&- 2>&- &
        until [ -e heard.ready ]; do sleep 0.05; done
        nsenter --net=$WORK/pod2 python3 $WORK/say.py "as a pod" 10.244.0.9
        nsenter --net=$WORK/pod2 python3 $WORK/say.py "as the other node" 10.244.1.1
        in1 python3 $WORK/say.py "the other node" 10.244.1.1
        nsenter --net=$WORK/pod1 python3 $WORK/say.py last 10.244.1.5
        until nsenter --net=$WORK/pod0 grep -q ':1F42 0.* 0A ' /proc/net/tcp; do sleep 0.05; done
        """;
    assertThat(answers(plugged() + spoken, machine, apart, List.of("machine 10.244.0.5 8002")))
        .containsExactly("the other node, last");
  }

  /// A node's own pods reach all endpoints behind its port, as they do where their links tell who
  /// they are.
  @Test
  void portsWhoseTrafficStaysOnANodeLeadItsOwnPodsEverywhere() throws Exception {
    GoldenServices golden = GoldenServices.read("local");
    golden.service().getSpec().setInternalTrafficPolicy("Cluster");
    List<String> asks = List.of("pod1 10.244.1.1 30080", "machine 10.244.1.1 30080");
    assertThat(
            answers(
                plugged(), book(PLUGGED, FIRST, golden), book(PLUGGED_APART, SECOND, golden), asks))
        .containsExactly("10.244.0.5 from 10.244.1.1", "TimeoutError");
  }
}
