// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.addresses.AddressRange;
import dev.havn.network.rules.Family;
import dev.havn.network.rules.RuleBook;
import dev.havn.network.rules.Rules;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Who reaches the tunnel between machines: what comes out of it is taken for a packet of whichever
/// pod it names.
class TunnelTest {
  private static final int ID = 0x123456;

  private static final Frame FRAME =
      frame(Family.IPV4, "0123abcd", "10.244.0.0/16", "10.96.0.0/16", false);
  private static final Frame SECOND =
      frame(Family.IPV6, "0123abcd", "fd00:10:244::/56", "fd00:10:96::/112", false);

  /// Of another cluster than the links of pods: its rules do not know them by their names.
  private static final Frame PLUGGED =
      frame(Family.IPV4, "89abcdef", "10.244.0.0/16", "10.96.0.0/16", true);

  private static Frame frame(
      Family family, String id, String pods, String services, boolean plugged) {
    return new Frame(
        family,
        id,
        AddressRange.parse(pods),
        List.of(AddressRange.parse(services)),
        true,
        plugged,
        "",
        Frame.Joint.NONE,
        ID);
  }

  /// A machine beyond this one. `hear WHERE ADDRESS...` writes down what comes there to the
  /// tunnel's port and to the next one, until the next one has heard `end` at each address; `say
  /// WHERE WORDS TO PORT [FROM]` sends words there, wrapped as packets of the cluster.
  private static final String BEYOND =
      """
      touch $WORK/beyond
      unshare --net=$WORK/beyond true
      nsenter --net=$WORK/beyond sleep 30 >&- 2>&- & beyond=$!
      until [ "$(readlink /proc/$beyond/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
      ip link add out type veth peer name eth0
      ip link set eth0 netns $beyond
      ip address add 192.0.2.1/24 dev out
      ip address add 2001:db8::1/64 dev out nodad
      ip link set out up
      nsenter --net=$WORK/beyond sh -c "ip link set lo up; ip address add 192.0.2.9/24 dev eth0
        ip address add 2001:db8::9/64 dev eth0 nodad; ip link set eth0 up
        ip route add default via 192.0.2.1; ip route add default via 2001:db8::1"
      settled out
      for each in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $each; done
      echo 1 > /proc/sys/net/ipv4/ip_forward
      cat > $WORK/hear.py <<'END'
      import select, socket, sys, time
      ports = []
      for at in sys.argv[2:]:
          for number in (4789, 4790):
              port = socket.socket(socket.AF_INET6 if ':' in at else socket.AF_INET, socket.SOCK_DGRAM)
              port.bind((at, number))
              ports.append(port)
      open(sys.argv[1] + '.ready', 'w').close()
      left, heard, until = len(ports) // 2, [], time.monotonic() + 20
      while left and time.monotonic() < until:
          for port in select.select(ports, [], [], 0.2)[0]:
              words = port.recv(99)[8:].decode()
              if words == 'end':
                  left -= 1
              else:
                  heard.append(words)
      if left:
          heard.append('no end')
      open(sys.argv[1], 'w').write(', '.join(sorted(heard)) + chr(10))
      END
      cat > $WORK/say.py <<'END'
      import os, socket, sys
      words, to, number = sys.argv[1], sys.argv[2], int(sys.argv[3])
      port = socket.socket(socket.AF_INET6 if ':' in to else socket.AF_INET, socket.SOCK_DGRAM)
      if len(sys.argv) > 4:
          port.bind((sys.argv[4], 0))
      mark = bytes.fromhex(os.environ.get('MARK', '123456'))
      port.sendto(bytes([8, 0, 0, 0]) + mark + bytes([0]) + words.encode(), (to, number))
      END
      at() { [ $1 = machine ] || echo nsenter --net=$WORK/$1; }
      hear() {
        where=$1; shift
        $(at $where) python3 $WORK/hear.py $WORK/heard-$where "$@" >&- 2>&- &
        hearers="$hearers $!"
        until [ -e $WORK/heard-$where.ready ]; do sleep 0.05; done
      }
      say() { where=$1; shift; $(at $where) python3 $WORK/say.py "$@"; }
      hearers=
      """;

  @BeforeEach
  void needsAKernelThatLeadsPackets() throws Exception {
    KernelTest.requireKernel();
  }

  @Test
  void podsReachNoTunnelOfAnyMachine() throws Exception {
    RuleBook book = new RuleBook(FRAME.table(), FRAME.commands());
    Rules.Builder led = new Rules.Builder();
    led.element("host-ports", "10.244.0.1 . udp . 5000", "10.244.0.1 . 4789");
    led.element("host-ports", "10.244.0.1 . udp . 5001", "192.0.2.9 . 4789");
    book.change(Map.of("x", led.build()));
    RuleBook second = new RuleBook(SECOND.table(), SECOND.commands());
    String script =
        """
        hear machine 10.244.0.1 fd00:10:244::1 192.0.2.1
        hear beyond 192.0.2.9 2001:db8::9
        hear pod1 10.244.1.5 fd00:10:244:1::5
        for to in 10.244.0.1 fd00:10:244::1 192.0.2.1 192.0.2.9 2001:db8::9 10.244.1.5 fd00:10:244:1::5; do
          say pod0 "$to" $to 4789
        done
        say pod0 "led here" 10.244.0.1 5000
        say pod0 "led beyond" 10.244.0.1 5001
        say beyond "of a machine" 192.0.2.1 4789
        for to in 10.244.0.1 fd00:10:244::1 192.0.2.1 192.0.2.9 2001:db8::9 10.244.1.5 fd00:10:244:1::5; do
          say pod0 "next to $to" $to 4790
          say pod0 end $to 4790
        done
        wait $hearers
        cat $WORK/heard-machine $WORK/heard-beyond $WORK/heard-pod1
        """;
    assertThat(KernelTest.amongPods(book.all() + second.all(), BEYOND + script))
        .containsExactly(
            "next to 10.244.0.1, next to 192.0.2.1, next to fd00:10:244::1, of a machine",
            "next to 192.0.2.9, next to 2001:db8::9",
            "10.244.1.5, fd00:10:244:1::5, next to 10.244.1.5, next to fd00:10:244:1::5");
  }

  /// Their links have any name, and they send under any address; other tunnels are not the
  /// cluster's business.
  @Test
  void podsThatPluginsLinkReachNoTunnelOfTheCluster() throws Exception {
    RuleBook book = new RuleBook(PLUGGED.table(), PLUGGED.commands());
    Rules.Builder machines = new Rules.Builder();
    machines.element(Frame.MACHINES, "192.0.2.9", "").element(Frame.MACHINES, "192.0.2.1", "");
    book.change(Map.of("MACHINES", machines.build()));
    String script =
        """
        nsenter --net=$WORK/pod0 ip address add 192.0.2.9/32 dev lo
        nsenter --net=$WORK/pod0 ip address add 192.0.2.77/32 dev lo
        nsenter --net=$WORK/beyond ip address add 192.0.2.8/24 dev eth0
        hear machine 192.0.2.1
        hear beyond 192.0.2.8
        for to in 192.0.2.1 192.0.2.8; do
          for from in 10.244.0.5 192.0.2.9 192.0.2.77; do say pod0 "pod as $from" $to 4789 $from; done
          export MARK=123457
          say pod0 "other tunnel" $to 4789
          unset MARK
        done
        say beyond "of a machine" 192.0.2.1 4789 192.0.2.9
        say beyond "of a stranger" 192.0.2.1 4789 192.0.2.8
        for to in 192.0.2.1 192.0.2.8; do say pod0 end $to 4790; done
        wait $hearers
        cat $WORK/heard-machine $WORK/heard-beyond
        """;
    assertThat(KernelTest.amongPods(book.all(), BEYOND + script))
        .containsExactly("of a machine, other tunnel", "other tunnel");
  }
}
