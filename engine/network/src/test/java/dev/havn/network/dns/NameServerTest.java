// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.dns;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.reconcile.RealTime;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.BindException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The name server over its real doors, with another one behind it that knows `example.org`.
class NameServerTest {
  private static final KubernetesSerialization YAML = new KubernetesSerialization();
  private static final String PORTS =
      "ports: [{name: http, port: 80, protocol: TCP}, {name: dns, port: 53, protocol: UDP}]";

  private final RealTime executor = new RealTime();
  private final AtomicInteger asked = new AtomicInteger();
  private volatile byte[] lastQuery = new byte[0];
  private Instant now = Instant.parse("2026-01-01T00:00:00Z");
  private DatagramSocket upstream;
  private ClusterZone zone;
  private NameServer server;

  @BeforeEach
  void open() throws Exception {
    upstream = new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    executor.execute(this::answerUpstream);
    zone = zone();
    server = NameServer.open("127.0.0.1", 0, resolver(zone), executor);
    add("web", "clusterIP: 10.96.0.20", PORTS, "[]");
    add(
        "db",
        "clusterIP: None",
        PORTS,
        "[{addresses: [10.244.0.5], hostname: db-0, conditions: {ready: true}},"
            + " {addresses: [10.244.0.6], conditions: {ready: true}},"
            + " {addresses: [10.244.0.7], hostname: db-2, conditions: {ready: false}}]");
    add("empty", "clusterIP: None", PORTS, "[]");
    add("outside", "{type: ExternalName, externalName: www.example.org}", "", "[]");
    add("inside", "{type: ExternalName, externalName: web.default.svc.cluster.local}", "", "[]");
  }

  private static ClusterZone zone() {
    return new ClusterZone("cluster.local", "default"::equals, each -> each.startsWith("10."));
  }

  private Resolver resolver(ClusterZone of) {
    InetSocketAddress behind =
        new InetSocketAddress(upstream.getLocalAddress(), upstream.getLocalPort());
    Upstreams upstreams = new Upstreams(Map.of(), List.of(behind), Path.of("/dev/null"), Set.of());
    Traffic traffic = new Traffic(() -> 0);
    return new Resolver(
        of,
        new AnswerCache(() -> now),
        new Forwarder(new Random(1), traffic),
        () -> upstreams,
        traffic);
  }

  @AfterEach
  void close() {
    server.close();
    upstream.close();
    executor.shutdownNow();
  }

  private void add(String name, String spec, String ports, String endpoints) {
    add(zone, name, spec, ports, endpoints);
  }

  private static void add(
      ClusterZone zone, String name, String spec, String ports, String endpoints) {
    String head = "---\nmetadata: {name: " + name + ", namespace: default}\n";
    String body = spec.startsWith("{") ? "spec: " + spec : "spec:\n  " + spec + "\n  " + ports;
    Service service = YAML.unmarshal(head + body + "\n", Service.class);
    EndpointSlice slice =
        YAML.unmarshal(
            head + "addressType: IPv4\n" + ports + "\nendpoints: " + endpoints + "\n",
            EndpointSlice.class);
    zone.set("default", name, ServiceRecords.of(service, List.of(slice), "cluster.local"));
  }

  /// Knows one address for all names but those that begin with `no`; of `old` ones only by messages
  /// of old, of `silent` ones it says nothing.
  private void answerUpstream() {
    byte[] buffer = new byte[512];
    while (!upstream.isClosed()) {
      try {
        DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
        upstream.receive(packet);
        asked.incrementAndGet();
        lastQuery = Arrays.copyOf(buffer, packet.getLength());
        Question question = Question.parse(lastQuery).orElseThrow();
        if (question.name().startsWith("silent")) {
          continue;
        }
        if (question.name().startsWith("old") && question.extended()) {
          byte[] error = Wire.refusal(lastQuery, Answer.FORMAT_ERROR);
          upstream.send(new DatagramPacket(error, error.length, packet.getSocketAddress()));
          continue;
        }
        Answer answer =
            question.name().startsWith("no")
                ? Answer.failure(Answer.NAME_ERROR)
                : Answer.of(
                    List.of(
                        new Resource.Address(question.name(), new byte[] {(byte) 192, 0, 2, 7})));
        byte[] bytes = Wire.answer(question, answer, 512, 60);
        upstream.send(new DatagramPacket(bytes, bytes.length, packet.getSocketAddress()));
      } catch (IOException closing) {
        assertThat(upstream.isClosed()).isTrue();
      }
    }
  }

  private static byte[] query(String name, int type, int udpBytes) {
    ByteBuffer query = ByteBuffer.allocate(600);
    query.putShort((short) 4_711).putShort((short) 0x100).putShort((short) 1);
    query.putShort((short) 0).putShort((short) 0).putShort((short) (udpBytes > 0 ? 1 : 0));
    for (String label : name.split("\\.")) {
      query
          .put((byte) label.length())
          .put(label.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    }
    query.put((byte) 0).putShort((short) type).putShort((short) 1);
    if (udpBytes > 0) {
      query.put((byte) 0).putShort((short) Resource.OPT).putShort((short) udpBytes);
      query.putInt(0).putShort((short) 0);
    }
    return Arrays.copyOf(query.array(), query.position());
  }

  private byte[] byDatagram(byte[] query) throws Exception {
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.setSoTimeout(30_000);
      socket.connect(InetAddress.getLoopbackAddress(), server.port());
      socket.send(new DatagramPacket(query, query.length));
      DatagramPacket answer = new DatagramPacket(new byte[4_096], 4_096);
      socket.receive(answer);
      return Arrays.copyOf(answer.getData(), answer.getLength());
    }
  }

  private byte[] byStream(byte[] query) throws Exception {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      socket.setSoTimeout(30_000);
      socket
          .getOutputStream()
          .write(
              ByteBuffer.allocate(query.length + 2)
                  .putShort((short) query.length)
                  .put(query)
                  .array());
      DataInputStream in = new DataInputStream(socket.getInputStream());
      byte[] answer = new byte[in.readUnsignedShort()];
      in.readFully(answer);
      return answer;
    }
  }

  /// The code, then what the answers say.
  private String ask(String name, int type) throws Exception {
    byte[] answer = byDatagram(query(name, type, 0));
    assertThat(ByteBuffer.wrap(answer).getShort()).isEqualTo((short) 4_711);
    return said(answer);
  }

  private static String said(byte[] answer) {
    Message message = Message.parse(answer).orElseThrow();
    List<String> texts = new ArrayList<>();
    for (Resource each : message.records()) {
      texts.add(
          switch (each) {
            case Resource.Address address -> text(address.address());
            case Resource.Pointer pointer -> pointer.target();
            default -> each.toString();
          });
    }
    return message.code() + " " + (ByteBuffer.wrap(answer).getShort(6) & 0xffff) + " " + texts;
  }

  private static String text(byte[] address) {
    return (address[0] & 0xff) + "." + (address[1] & 0xff) + "." + address[2] + "." + address[3];
  }

  @Test
  void namesOfServices() throws Exception {
    assertThat(ask("web.default.svc.cluster.local", Resource.A)).isEqualTo("0 1 [10.96.0.20]");
    assertThat(ask("WEB.Default.svc.cluster.local", Resource.A)).isEqualTo("0 1 [10.96.0.20]");
    assertThat(ask("web.default.svc.cluster.local", Resource.AAAA)).isEqualTo("0 0 []");
    assertThat(ask("none.default.svc.cluster.local", Resource.A)).isEqualTo("3 0 []");
    assertThat(ask("db-0.web.default.svc.cluster.local", Resource.A)).isEqualTo("3 0 []");
    assertThat(ask("default.svc.cluster.local", Resource.A)).isEqualTo("0 0 []");
    assertThat(ask("other.svc.cluster.local", Resource.A)).isEqualTo("3 0 []");
    assertThat(ask("web.default.svc.cluster.local.default.svc.cluster.local", Resource.A))
        .isEqualTo("3 0 []");
  }

  /// The text is the same, the name is not: it must not be taken for it, nor kept as its answer.
  @Test
  void aDotWithinALabelPartsNothing() throws Exception {
    byte[] query = query("web.default.svc.cluster.local", Resource.A, 0);
    byte[] joined = query("web-default.svc.cluster.local", Resource.A, 0);
    joined[Question.HEADER + 4] = '.';
    assertThat(said(byDatagram(query))).isEqualTo("0 1 [10.96.0.20]");
    assertThat(said(byDatagram(joined))).isEqualTo("3 0 []");
    byte[] outside = query("no-example.org", Resource.A, 0);
    outside[Question.HEADER + 3] = '.';
    assertThat(said(byDatagram(outside))).isEqualTo("3 0 []");
    assertThat(ask("no.example.org", Resource.A)).isEqualTo("3 0 []");
    assertThat(asked).hasValue(2);
  }

  /// Of a negative answer the record that says so: its owner, server and mailbox.
  private static List<String> start(byte[] answer) {
    List<String> names = new ArrayList<>();
    int[] at = {Question.HEADER};
    for (int i = 0; i < 4; i++) {
      names.add(name(answer, at));
      at[0] += i == 0 ? 4 : i == 1 ? 10 : 0;
    }
    return names.subList(1, 4);
  }

  private static String name(byte[] message, int[] at) {
    List<String> labels = new ArrayList<>();
    int here = at[0];
    boolean jumped = false;
    while (message[here] != 0) {
      if ((message[here] & 0xc0) == 0xc0) {
        at[0] = jumped ? at[0] : here + 2;
        here = ByteBuffer.wrap(message).getShort(here) & 0x3fff;
        jumped = true;
      } else {
        labels.add(new String(message, here + 1, message[here], US_ASCII));
        here += message[here] + 1;
      }
    }
    at[0] = jumped ? at[0] : here + 1;
    return String.join(".", labels);
  }

  @Test
  void namesInAnswersPointToTheQuestion() throws Exception {
    for (String name : List.of("none.default.svc.cluster.local", "x.cluster.local")) {
      byte[] query = query(name, Resource.A, 0);
      byte[] answer = byDatagram(query);
      assertThat(start(answer))
          .containsExactly("cluster.local", "ns.dns.cluster.local", "hostmaster.cluster.local");
      assertThat(answer).hasSizeLessThan(query.length + 62);
    }
    assertThat(start(byDatagram(query("7.0.244.10.in-addr.arpa", Resource.PTR, 0))))
        .containsExactly("cluster.local", "ns.dns.cluster.local", "hostmaster.cluster.local");
  }

  @Test
  void namesOfHeadlessServicesAndTheirEndpoints() throws Exception {
    assertThat(ask("db.default.svc.cluster.local", Resource.A))
        .isIn("0 2 [10.244.0.5, 10.244.0.6]", "0 2 [10.244.0.6, 10.244.0.5]");
    assertThat(ask("db-0.db.default.svc.cluster.local", Resource.A)).isEqualTo("0 1 [10.244.0.5]");
    assertThat(ask("10-244-0-6.db.default.svc.cluster.local", Resource.A))
        .isEqualTo("0 1 [10.244.0.6]");
    assertThat(ask("db-2.db.default.svc.cluster.local", Resource.A)).isEqualTo("3 0 []");
    assertThat(ask("empty.default.svc.cluster.local", Resource.A)).isEqualTo("3 0 []");
  }

  @Test
  void portsOfServicesAndEndpoints() throws Exception {
    byte[] one = byDatagram(query("_http._tcp.web.default.svc.cluster.local", Resource.SRV, 0));
    assertThat(said(one)).startsWith("0 1 ");
    assertThat(ByteBuffer.wrap(one).getShort(10)).isEqualTo((short) 1);
    assertThat(ask("_dns._udp.db.default.svc.cluster.local", Resource.SRV)).startsWith("0 2 ");
    assertThat(ask("_dns._tcp.db.default.svc.cluster.local", Resource.SRV)).startsWith("3 0 ");
    assertThat(ask("_http._tcp.web.default.svc.cluster.local", Resource.A)).startsWith("0 0 ");
  }

  @Test
  void addressesHaveNames() throws Exception {
    assertThat(said(byDatagram(query("20.0.96.10.in-addr.arpa", Resource.PTR, 0))))
        .startsWith("0 1 ");
    assertThat(ask("5.0.244.10.in-addr.arpa", Resource.PTR)).startsWith("0 1 ");
    assertThat(ask("7.0.244.10.in-addr.arpa", Resource.PTR)).startsWith("3 0 ");
    zone.set("default", "web", null);
    assertThat(ask("20.0.96.10.in-addr.arpa", Resource.PTR)).startsWith("3 0 ");
    assertThat(asked).hasValue(0);
  }

  @Test
  void podsAreNamedByTheirAddress() throws Exception {
    assertThat(ask("10-244-0-9.default.pod.cluster.local", Resource.A))
        .isEqualTo("0 1 [10.244.0.9]");
    assertThat(ask("10-244-0-9.other.pod.cluster.local", Resource.A)).isEqualTo("3 0 []");
    assertThat(ask("10-244-0-900.default.pod.cluster.local", Resource.A)).isEqualTo("3 0 []");
  }

  @Test
  void aliasesAreFollowed() throws Exception {
    assertThat(ask("outside.default.svc.cluster.local", Resource.A))
        .isEqualTo("0 2 [www.example.org, 192.0.2.7]");
    assertThat(ask("inside.default.svc.cluster.local", Resource.A))
        .isEqualTo("0 2 [web.default.svc.cluster.local, 10.96.0.20]");
    assertThat(ask("outside.default.svc.cluster.local", Resource.CNAME))
        .isEqualTo("0 1 [www.example.org]");
  }

  @Test
  void otherNamesAreAskedOfOthersAndRemembered() throws Exception {
    assertThat(ask("a.example.org", Resource.A)).isEqualTo("0 1 [192.0.2.7]");
    now = now.plusSeconds(59);
    assertThat(ask("A.example.org", Resource.A)).isEqualTo("0 1 [192.0.2.7]");
    assertThat(asked).hasValue(1);
    now = now.plusSeconds(1);
    assertThat(ask("a.example.org", Resource.A)).isEqualTo("0 1 [192.0.2.7]");
    assertThat(asked).hasValue(2);
    assertThat(ask("no.example.org", Resource.A)).isEqualTo("3 0 []");
  }

  @Test
  void anAnswerThatIsTooLongIsCutAndWholeByTcp() throws Exception {
    StringBuilder endpoints = new StringBuilder();
    for (int i = 1; i <= 100; i++) {
      endpoints.append(endpoints.isEmpty() ? "[" : ", ");
      endpoints.append("{addresses: [10.244.1." + i + "], conditions: {ready: true}}");
    }
    add("many", "clusterIP: None", PORTS, endpoints + "]");
    byte[] query = query("many.default.svc.cluster.local", Resource.A, 0);
    byte[] cut = byDatagram(query);
    assertThat(cut).hasSizeLessThanOrEqualTo(512);
    assertThat(cut[2] & 2).isEqualTo(2);
    assertThat(said(byStream(query))).startsWith("0 100 ");
    byte[] extended = byDatagram(query("many.default.svc.cluster.local", Resource.A, 4_096));
    assertThat(extended.length).isBetween(513, 1_232);
    assertThat(ByteBuffer.wrap(extended).getShort(10)).isEqualTo((short) 1);
  }

  @Test
  void whatIsNoQuestionIsRefused() throws Exception {
    byte[] two = query("web.default.svc.cluster.local", Resource.A, 0);
    two[5] = 2;
    assertThat(byDatagram(two)[3] & 0xf).isEqualTo(Answer.FORMAT_ERROR);
    byte[] update = query("web.default.svc.cluster.local", Resource.A, 0);
    update[2] = 0x28;
    assertThat(byDatagram(update)[3] & 0xf).isEqualTo(Answer.NOT_IMPLEMENTED);
  }

  @Test
  void oddQuestionsDoNotShapeWhatOthersAreAnswered() throws Exception {
    byte[] odd = query("a.example.org", Resource.A, 4_096);
    odd[2] = 0;
    odd[3] = 0x10;
    byte[] answer = byDatagram(odd);
    assertThat(answer[2] & 1).isZero();
    assertThat(answer[3] & 0x10).isEqualTo(0x10);
    assertThat(lastQuery[2]).as("recursion is desired").isEqualTo((byte) 1);
    assertThat(lastQuery[3]).as("checking is not disabled").isZero();
    assertThat(ask("a.example.org", Resource.A)).isEqualTo("0 1 [192.0.2.7]");
    assertThat(asked).as("what was answered to odd flags is not kept").hasValue(2);
  }

  @Test
  void optionsOfAClientGoNowhereAndComeFromUs() throws Exception {
    byte[] query = query("a.example.org", Resource.A, 4_096);
    byte[] more = Arrays.copyOf(query, query.length + 6);
    more[query.length - 1] = 6;
    more[query.length + 1] = 8;
    more[query.length + 3] = 2;
    byte[] answer = byDatagram(more);
    assertThat(lastQuery).hasSize(query.length);
    assertThat(ByteBuffer.wrap(answer).getShort(10)).isEqualTo((short) 1);
    byte[] plain = byDatagram(query("a.example.org", Resource.A, 0));
    assertThat(asked).hasValue(1);
    assertThat(ByteBuffer.wrap(plain).getShort(10)).as("nobody asked by EDNS").isZero();
    assertThat(plain).hasSize(answer.length - 11);
  }

  @Test
  void serversOfOldAreAskedAsOfOld() throws Exception {
    assertThat(ask("old.example.org", Resource.A)).isEqualTo("0 1 [192.0.2.7]");
  }

  @Test
  void anAddressIsItsServicesFirstAndAnotherOnesWhenThatIsGone() {
    add("alike", "clusterIP: None", PORTS, "[{addresses: [10.96.0.20, 10.244.0.5]}]");
    assertThat(pointer("20.0.96.10")).isEqualTo("web.default.svc.cluster.local");
    zone.set("default", "web", null);
    assertThat(pointer("20.0.96.10")).isEqualTo("10-96-0-20.alike.default.svc.cluster.local");
    zone.set("default", "alike", null);
    assertThat(pointer("20.0.96.10")).isEmpty();
    assertThat(pointer("5.0.244.10")).isEqualTo("db-0.db.default.svc.cluster.local");
  }

  private String pointer(String reversed) {
    Answer answer =
        zone.answer(reversed + ".in-addr.arpa", Resource.PTR, _ -> List.of()).orElseThrow();
    return answer.answers().isEmpty()
        ? ""
        : ((Resource.Pointer) answer.answers().getFirst()).target();
  }

  /// The API takes such names.
  @Test
  void anAliasThatIsNoNameIsNotThere() throws Exception {
    add("odd", "{type: ExternalName, externalName: " + "a".repeat(64) + ".org}", "", "[]");
    assertThat(ask("odd.default.svc.cluster.local", Resource.A)).isEqualTo("3 0 []");
  }

  @Test
  void oneClientDoesNotHoldAllQuestionsToOthers() throws Exception {
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.setSoTimeout(10);
      socket.connect(InetAddress.getLoopbackAddress(), server.port());
      int code = -1;
      // One that is lost on the way is none that waits, so some more are asked.
      for (int i = 0; code < 0 && i < 4 * NameServer.PENDING_OF_ONE_MAX; i++) {
        byte[] query = query("silent-" + i + ".example.org", Resource.A, 0);
        socket.send(new DatagramPacket(query, query.length));
        code = i < NameServer.PENDING_OF_ONE_MAX ? -1 : answer(socket);
      }
      assertThat(code).isEqualTo(Answer.REFUSED);
    }
    assertThat(ask("web.default.svc.cluster.local", Resource.A)).isEqualTo("0 1 [10.96.0.20]");
  }

  /// The code of an answer, or -1.
  private static int answer(DatagramSocket socket) throws IOException {
    byte[] answer = new byte[512];
    try {
      socket.receive(new DatagramPacket(answer, answer.length));
      return answer[3] & 0xf;
    } catch (SocketTimeoutException waits) {
      return -1;
    }
  }

  /// Linux gives datagrams to the one that was bound last: what the first has got it can answer in
  /// peace.
  @Test
  void anotherOneTakesOverAtTheSameAddress() throws Exception {
    ClusterZone others = zone();
    add(others, "web", "clusterIP: 10.96.0.21", PORTS, "[]");
    assertThatThrownBy(() -> beside(others)).isInstanceOf(BindException.class);
    byte[] query = query("web.default.svc.cluster.local", Resource.A, 0);
    server.share();
    NameServer second = beside(others);
    for (int i = 0; i < 100; i++) {
      assertThat(said(byDatagram(query))).isEqualTo("0 1 [10.96.0.21]");
    }
    assertThat(said(byStream(query))).isIn("0 1 [10.96.0.20]", "0 1 [10.96.0.21]");
    assertThatThrownBy(() -> beside(others)).isInstanceOf(BindException.class);
    server.close();
    server = second;
    assertThat(said(byDatagram(query))).isEqualTo("0 1 [10.96.0.21]");
    assertThat(said(byStreamOfTheLast(query))).isEqualTo("0 1 [10.96.0.21]");
  }

  /// What waits at the door of one that has just closed it is reset, and asks again.
  private byte[] byStreamOfTheLast(byte[] query) throws Exception {
    try {
      return byStream(query);
    } catch (SocketException reset) {
      return byStream(query);
    }
  }

  private NameServer beside(ClusterZone of) throws IOException {
    return NameServer.beside("127.0.0.1", server.port(), resolver(of), executor);
  }
}
