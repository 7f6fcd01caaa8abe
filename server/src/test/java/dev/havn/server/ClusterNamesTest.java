// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.apiserver.MetricsText;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The cluster's DNS over its doors: what its ConfigMap has it ask, and what its metrics say.
class ClusterNamesTest {
  private static final int A = 1;
  private static final int SRV = 33;
  private static final int NAPTR = 35;
  private static final int PRIVATE = 65_280;
  private static final int NO_ERROR = 0;
  private static final int FORMAT_ERROR = 1;
  private static final int NAME_ERROR = 3;
  private static final String ZONE = "{server=\"dns://:53\",zone=\".\",view=\"\"";
  private static final String CACHE = "server=\"dns://:53\",%szones=\".\",view=\"\"}";

  private EmbeddedCluster cluster;
  private NetworkOfCluster network;
  private DatagramSocket other;

  @BeforeEach
  void start() throws Exception {
    // The cluster's own is at 127.0.0.1 here, and is not asked by itself.
    other = new DatagramSocket(new InetSocketAddress("127.0.0.2", 0));
    Thread.ofVirtual().start(this::answer);
    cluster = EmbeddedCluster.start(1);
    network = new NetworkOfCluster(cluster, "10.244.255.0/24");
    network.network().open();
    cluster.settle();
  }

  @AfterEach
  void close() {
    network.close();
    cluster.close();
    other.close();
  }

  /// Knows no name, but all that begin with `is`.
  private void answer() {
    byte[] buffer = new byte[512];
    while (!other.isClosed()) {
      try {
        DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
        other.receive(packet);
        byte[] query = Arrays.copyOf(buffer, packet.getLength());
        int end = end(query);
        boolean is = query[13] == 'i' && query[14] == 's';
        ByteBuffer answer = ByteBuffer.allocate(512).put(query, 0, end);
        answer.putShort(2, (short) (0x8180 | (is ? NO_ERROR : NAME_ERROR)));
        answer.putShort(6, (short) 1).putShort(8, (short) 0).putShort(10, (short) 0);
        answer.putShort((short) 0xc00c).putShort((short) A).putShort((short) 1).putInt(60);
        answer.putShort((short) 4).putInt(0xc0000207);
        if (!is) {
          // In the name of who says so, and for how long.
          answer.putShort(6, (short) 0).putShort(8, (short) 1).position(end);
          answer.putShort((short) 0xc00c).putShort((short) 6).putShort((short) 1).putInt(60);
          answer.putShort((short) 22).putShort((short) 0);
          answer.putInt(1).putInt(60).putInt(60).putInt(60).putInt(60);
        }
        other.send(
            new DatagramPacket(answer.array(), answer.position(), packet.getSocketAddress()));
      } catch (IOException closing) {
        return;
      }
    }
  }

  private static int end(byte[] message) {
    int at = 12;
    while (message[at] != 0) {
      at += message[at] + 1;
    }
    return at + 5;
  }

  private static byte[] query(String name, int type) {
    ByteBuffer query = ByteBuffer.allocate(300);
    query.putShort((short) 1).putShort((short) 0x100).putShort((short) 1).position(12);
    for (String label : name.split("\\.")) {
      query.put((byte) label.length()).put(label.getBytes(StandardCharsets.US_ASCII));
    }
    query.put((byte) 0).putShort((short) type).putShort((short) 1);
    return Arrays.copyOf(query.array(), query.position());
  }

  /// The port is in the EndpointSlice of the Service.
  private int port() {
    return cluster
        .client()
        .discovery()
        .v1()
        .endpointSlices()
        .inNamespace("kube-system")
        .withName("kube-dns-0123abcd")
        .get()
        .getPorts()
        .getFirst()
        .getPort();
  }

  /// The code of the answer.
  private int ask(byte[] query) throws IOException {
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.setSoTimeout(30_000);
      socket.connect(InetAddress.getByName("127.0.0.1"), port());
      socket.send(new DatagramPacket(query, query.length));
      byte[] answer = new byte[512];
      socket.receive(new DatagramPacket(answer, answer.length));
      return answer[3] & 0xf;
    }
  }

  private int askByStream(byte[] query) throws IOException {
    try (Socket socket = new Socket("127.0.0.1", port())) {
      socket.setSoTimeout(30_000);
      OutputStream out = socket.getOutputStream();
      out.write(new byte[] {0, (byte) query.length});
      out.write(query);
      DataInputStream in = new DataInputStream(socket.getInputStream());
      byte[] answer = new byte[in.readUnsignedShort()];
      in.readFully(answer);
      return answer[3] & 0xf;
    }
  }

  private void configure(String domains) {
    cluster
        .client()
        .resource(
            new ConfigMapBuilder()
                .withNewMetadata()
                .withNamespace("kube-system")
                .withName("kube-dns")
                .endMetadata()
                .withData(Map.of("stubDomains", domains))
                .build())
        .serverSideApply();
    cluster.settle();
  }

  private List<String> metrics() {
    MetricsText text = new MetricsText();
    NameMetrics.write(text, network.network().figures().orElseThrow());
    return text.toString().lines().filter(each -> !each.startsWith("#")).toList();
  }

  /// Of what the other name server has told.
  private String told(String part, String code, String bound) {
    return "coredns_proxy_request_duration_seconds_%s{proxy_name=\"forward\",to=\"127.0.0.2:%d\",rcode=\"%s\"%s}"
        .formatted(part, other.getLocalPort(), code, bound);
  }

  @Test
  void aDomainIsAskedOfItsServerAndAWrongOneIsAProblem() throws Exception {
    configure("{\"corp.example\": [\"router\", \"127.0.0.2:%d\"]}".formatted(other.getLocalPort()));
    assertThat(ask(query("is.corp.example", A))).isEqualTo(NO_ERROR);
    assertThat(network.network().problems())
        .singleElement()
        .matches(each -> each.contains("stubDomains of 'corp.example': 'router' is no address"));
    configure("{}");
    assertThat(network.network().problems()).isEmpty();
  }

  @Test
  void metricsCountWhatWasAskedAndAnsweredAsCoreDnsDoes() throws Exception {
    configure("{\"corp.example\": [\"127.0.0.2:%d\"]}".formatted(other.getLocalPort()));
    assertThat(ask(query("kubernetes.default.svc.cluster.local", A))).isEqualTo(NO_ERROR);
    assertThat(ask(query("none.default.svc.cluster.local", SRV))).isEqualTo(NAME_ERROR);
    assertThat(ask(query("kubernetes.default.svc.cluster.local", PRIVATE))).isEqualTo(NO_ERROR);
    assertThat(ask(query("kubernetes.default.svc.cluster.local", NAPTR))).isEqualTo(NO_ERROR);
    assertThat(askByStream(query("kubernetes.default.svc.cluster.local", A))).isEqualTo(NO_ERROR);
    assertThat(ask(query("is.corp.example", A))).isEqualTo(NO_ERROR);
    assertThat(ask(query("is.corp.example", A))).isEqualTo(NO_ERROR);
    assertThat(ask(query("no.corp.example", A))).isEqualTo(NAME_ERROR);
    assertThat(askByStream(query("no.corp.example", A))).isEqualTo(NAME_ERROR);
    byte[] unreadable = query("x", A);
    unreadable[5] = 2;
    assertThat(ask(unreadable)).isEqualTo(FORMAT_ERROR);
    assertThat(metrics())
        .contains(
            "coredns_dns_requests_total" + ZONE + ",proto=\"udp\",family=\"1\",type=\"A\"} 4",
            "coredns_dns_requests_total" + ZONE + ",proto=\"udp\",family=\"1\",type=\"SRV\"} 1",
            "coredns_dns_requests_total" + ZONE + ",proto=\"udp\",family=\"1\",type=\"other\"} 3",
            "coredns_dns_requests_total" + ZONE + ",proto=\"tcp\",family=\"1\",type=\"A\"} 2",
            "coredns_dns_responses_total" + ZONE + ",rcode=\"NOERROR\",plugin=\"\"} 6",
            "coredns_dns_responses_total" + ZONE + ",rcode=\"NXDOMAIN\",plugin=\"\"} 3",
            "coredns_dns_responses_total" + ZONE + ",rcode=\"FORMERR\",plugin=\"\"} 1",
            "coredns_dns_responses_total" + ZONE + ",rcode=\"SERVFAIL\",plugin=\"\"} 0",
            "coredns_dns_request_duration_seconds_bucket" + ZONE + ",le=\"0.00025\"} 0",
            "coredns_dns_request_duration_seconds_bucket" + ZONE + ",le=\"0.0005\"} 0",
            "coredns_dns_request_duration_seconds_bucket" + ZONE + ",le=\"0.001\"} 8",
            "coredns_dns_request_duration_seconds_bucket" + ZONE + ",le=\"8.192\"} 10",
            "coredns_dns_request_duration_seconds_bucket" + ZONE + ",le=\"+Inf\"} 10",
            "coredns_dns_request_duration_seconds_sum" + ZONE + "} 0.0084",
            "coredns_dns_request_duration_seconds_count" + ZONE + "} 10",
            "coredns_cache_hits_total{" + CACHE.formatted("type=\"success\",") + " 1",
            "coredns_cache_hits_total{" + CACHE.formatted("type=\"denial\",") + " 1",
            "coredns_cache_misses_total{" + CACHE.formatted("") + " 2",
            "coredns_cache_requests_total{" + CACHE.formatted("") + " 4",
            "coredns_cache_entries{" + CACHE.formatted("type=\"success\",") + " 1",
            "coredns_cache_entries{" + CACHE.formatted("type=\"denial\",") + " 1",
            told("bucket", "NOERROR", ",le=\"0.0005\"") + " 0",
            told("bucket", "NOERROR", ",le=\"0.001\"") + " 1",
            told("sum", "NOERROR", "") + " 6.0E-4",
            told("count", "NOERROR", "") + " 1",
            told("count", "NXDOMAIN", "") + " 1",
            "coredns_forward_max_concurrent_rejects_total 0");
  }
}
