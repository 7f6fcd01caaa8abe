// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.havn.network.rules.RuleBook;
import dev.havn.network.service.GoldenServices;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What a kernel makes of a Service's packets of SCTP (RFC 9260). Where it speaks that itself its
/// sockets are used; else the first two packets of an association are made by hand, which is all
/// that its connection tracking needs to see.
class SctpTest {
  private static final String UNKNOWN = "connections of SCTP are not tracked by this kernel";

  /// `hear READY` serves at port 8080 and tells each client the address that it sees; `ask ADDRESS
  /// PORT` says who answers with what.
  private static final String PROGRAM =
      """
      cat > $WORK/sctp.py <<'END'
      import socket, struct, sys
      def crc(data):
          left = 0xffffffff
          for each in data:
              left ^= each
              for _ in range(8):
                  left = left >> 1 ^ (0x82f63b78 if left & 1 else 0)
          return left ^ 0xffffffff
      def packet(source, to, tag, kind, own, words):
          chunk = struct.pack('!BBHIIHH', kind, 0, 20, own, 65536, 1, 1) + words
          head = struct.pack('!HHI', source, to, tag)
          return head + struct.pack('<I', crc(head + bytes(4) + chunk)) + chunk
      def receive(s, wanted):
          while True:
              data = s.recv(999)
              at = (data[0] & 15) * 4
              source, to, tag, check, kind, flags, length, own = struct.unpack_from('!HHIIBBHI', data, at)
              if kind == wanted:
                  return data[12:16], source, to, own, data[at + 28:at + 32]
      def hear_by_hand(ready):
          s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 132)
          s.settimeout(60)
          open(ready, 'w').close()
          while True:
              client, source, to, own, _ = receive(s, 1)
              if to == 8080:
                  s.sendto(packet(to, source, own, 2, 7, client), (socket.inet_ntoa(client), 0))
      def ask_by_hand(address, port):
          s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 132)
          s.settimeout(2.5)
          s.sendto(packet(40000, port, 0, 1, 9, bytes(4)), (address, 0))
          server, source, to, _, seen = receive(s, 2)
          return socket.inet_ntoa(server), source, socket.inet_ntoa(seen)
      def hear(ready):
          s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132)
          s.bind(('0.0.0.0', 8080))
          s.listen(5)
          s.settimeout(60)
          open(ready, 'w').close()
          while True:
              client, address = s.accept()
              client.sendall(address[0].encode())
              client.close()
      def ask(address, port):
          s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132)
          s.settimeout(2.5)
          s.connect((address, port))
          return *s.getpeername(), s.recv(99).decode()
      try:
          socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132).close()
      except OSError:
          hear, ask = hear_by_hand, ask_by_hand
      if sys.argv[1] == 'hear':
          hear(sys.argv[2])
      try:
          print('%s:%d sees %s' % ask(sys.argv[2], int(sys.argv[3])))
      except OSError as e:
          print('nobody')
      END
      [ -e /proc/sys/net/netfilter/nf_conntrack_sctp_timeout_closed ] || { echo "$UNKNOWN"; exit; }
      nsenter --net=$WORK/pod1 python3 $WORK/sctp.py hear $WORK/heard >&- 2>&- &
      await [ -e $WORK/heard ]
      """
          .replace("$UNKNOWN", UNKNOWN);

  @BeforeEach
  void needsAKernelThatLeadsPackets() throws Exception {
    KernelTest.requireKernel();
  }

  private static GoldenServices service() throws IOException {
    GoldenServices service = GoldenServices.read("shared");
    ServicePort port = service.service().getSpec().getPorts().getFirst();
    port.setProtocol("SCTP");
    port.setNodePort(30_080);
    service.service().getSpec().setType("NodePort");
    service.service().getSpec().setPorts(List.of(port));
    EndpointSlice slice = service.slices().getFirst();
    slice.getPorts().getFirst().setProtocol("SCTP");
    slice.setPorts(slice.getPorts().subList(0, 1));
    slice.setEndpoints(slice.getEndpoints().subList(1, 2));
    return service;
  }

  @Test
  void associationsGoWhereServicesLeadAndAnswersComeBackFromThere() throws Exception {
    RuleBook book = KernelTest.book();
    book.change(Map.of("x", service().rules().rules()));
    List<String> lines =
        KernelTest.amongPods(
            book.all(),
            PROGRAM
                + """
                nsenter --net=$WORK/pod0 python3 $WORK/sctp.py ask 10.96.0.20 80
                nsenter --net=$WORK/pod0 python3 $WORK/sctp.py ask 10.244.0.1 30080
                python3 $WORK/sctp.py ask 10.96.0.20 80
                nsenter --net=$WORK/pod0 python3 $WORK/sctp.py ask 10.96.0.20 81
                """);
    assumeFalse(lines.contains(UNKNOWN), UNKNOWN);
    assertThat(lines)
        .containsExactly(
            "10.96.0.20:80 sees 10.244.0.5",
            "10.244.0.1:30080 sees 10.244.0.5",
            "10.96.0.20:80 sees 10.244.0.1",
            "nobody");
  }
}
