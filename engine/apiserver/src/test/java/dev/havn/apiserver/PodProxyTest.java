// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpServer;
import dev.havn.apiserver.http.ByteDuplex;
import dev.havn.apiserver.streaming.Channels;
import dev.havn.apiserver.streaming.NodeConnection;
import dev.havn.apiserver.streaming.PodSessions;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Where `pods/proxy` reaches, and where it does not although a status says so.
class PodProxyTest {
  private static final String PODS = "/api/v1/namespaces/default/pods";

  private final CompletableFuture<Void> more = new CompletableFuture<>();
  private HttpServer machine;
  private boolean nodeSaysSo;

  /// A node that knows pods by any address, or by none.
  private final class Node implements NodeConnection {
    @Override
    public boolean isAt(ObjectNode pod, String address) {
      return nodeSaysSo;
    }

    @Override
    public void logs(ObjectNode pod, LogOptions options, OutputStream out) {}

    @Override
    public void exec(
        ObjectNode pod, String container, List<String> command, boolean tty, Channels channels) {}

    @Override
    public void attach(ObjectNode pod, String container, boolean tty, Channels channels) {}

    @Override
    public void portForward(ObjectNode pod, int port, ByteDuplex connection) {}
  }

  private final TestApi api = new TestApi(new PodSessions(new Node(), Runnable::run));

  @BeforeEach
  void aServerOfTheMachineAndAPod() throws IOException {
    machine = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    machine.createContext(
        "/",
        exchange -> {
          byte[] text = "of the machine".getBytes(StandardCharsets.US_ASCII);
          exchange.sendResponseHeaders(200, text.length);
          exchange.getResponseBody().write(text);
          exchange.close();
        });
    machine.createContext(
        "/count",
        exchange -> {
          String count = "" + exchange.getRequestBody().readAllBytes().length;
          exchange.sendResponseHeaders(200, count.length());
          exchange.getResponseBody().write(count.getBytes(StandardCharsets.US_ASCII));
          exchange.close();
        });
    machine.createContext(
        "/page",
        exchange -> {
          byte[] page = "<a href=\"/x\">".getBytes(StandardCharsets.US_ASCII);
          exchange.getResponseHeaders().set("Content-Type", "text/html; charset=utf-8");
          exchange.sendResponseHeaders(200, 0);
          exchange.getResponseBody().write(page);
          exchange.close();
        });
    machine.createContext(
        "/bits",
        exchange -> {
          exchange.sendResponseHeaders(200, 0);
          exchange.getResponseBody().write('a');
          exchange.getResponseBody().flush();
          more.join();
          exchange.getResponseBody().write('b');
          exchange.close();
        });
    machine.setExecutor(java.util.concurrent.ForkJoinPool.commonPool());
    machine.start();
    api.post("/api/v1/namespaces/default/serviceaccounts", "{\"metadata\":{\"name\":\"default\"}}");
    api.post(
        PODS,
        "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"nodeName\":\"n\",\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}");
  }

  @AfterEach
  void stop() {
    machine.stop(0);
  }

  private TestApi.Answer ask(String address) {
    String ips =
        "{\"status\":{\"podIP\":\"%1$s\",\"podIPs\":[{\"ip\":\"%1$s\"}]}}".formatted(address);
    assertThat(api.patch("merge-patch+json", PODS + "/a/status", ips).status()).isEqualTo(200);
    return api.ask("GET", PODS + "/a:" + machine.getAddress().getPort() + "/proxy/").send();
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "127.8.8.8", "169.254.169.254", "::1", "fe80::1"})
  void aStatusLeadsNobodyToTheMachine(String address) {
    TestApi.Answer answer = ask(address);
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.json().path("message").asText()).isEqualTo("address not allowed");
  }

  @Test
  void aPodThatTheNodeKnowsThereIsReached() {
    nodeSaysSo = true;
    TestApi.Answer answer = ask("127.0.0.1");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.text()).isEqualTo("of the machine");
  }

  private TestApi.Ask asked(String method, String below) {
    nodeSaysSo = true;
    assertThat(ask("127.0.0.1").status()).isEqualTo(200);
    return api.ask(method, PODS + "/a:" + machine.getAddress().getPort() + "/proxy" + below);
  }

  @Test
  void aLongBodyIsPassedOn() {
    byte[] body = new byte[8 << 20];
    assertThat(asked("POST", "/count").body(body).send().text()).isEqualTo("" + body.length);
  }

  @Test
  void linksOfPagesLeadThroughTheProxy() {
    assertThat(asked("GET", "/page").send().text())
        .isEqualTo("<a href=\"" + PODS + "/a:" + machine.getAddress().getPort() + "/proxy/x\">");
  }

  @Test
  void anAnswerComesAsThePodGivesIt() {
    TestApi.Answer answer = asked("GET", "/bits").send();
    await(answer, "a");
    more.complete(null);
    await(answer, "ab");
  }

  private static void await(TestApi.Answer answer, String text) {
    while (!answer.text().equals(text)) {
      Thread.onSpinWait();
    }
  }

  @Test
  void aPortWithNobodyBehindItIsNamed() {
    nodeSaysSo = true;
    assertThat(ask("127.0.0.1").status()).isEqualTo(200);
    TestApi.Answer answer = api.get(PODS + "/a:1/proxy/");
    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.message())
        .isEqualTo(
            "error trying to reach service: dial tcp 127.0.0.1:1: connect: connection refused");
  }
}
