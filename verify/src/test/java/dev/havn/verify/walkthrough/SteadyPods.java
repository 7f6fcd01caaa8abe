// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/// Pods that nothing may touch while servers come and go: two that serve pages, which this machine
/// asks for all the time by their Service, and two that have one connection through another
/// Service, which a policy allows, all the time.
final class SteadyPods implements AutoCloseable {
  static final int CONTAINERS = 4;
  private static final int ASK_EVERY_MILLIS = 20;
  private static final int PATIENCE_MILLIS = 5_000;
  private static final String RUNC = "runc://";

  private static final String NAMESPACE =
      """
      apiVersion: v1
      kind: Namespace
      metadata: {name: steady}
      """;

  private static final String YAML =
      """
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: web, namespace: steady}
      spec:
        replicas: 2
        selector: {matchLabels: {app: web}}
        template:
          metadata: {labels: {app: web}}
          spec:
            terminationGracePeriodSeconds: 1
            containers:
            - name: c
              image: example/it:1
              readinessProbe: {httpGet: {port: 8080, path: /}, periodSeconds: 1}
      ---
      apiVersion: v1
      kind: Service
      metadata: {name: web, namespace: steady}
      spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
      ---
      apiVersion: v1
      kind: Service
      metadata: {name: listener, namespace: steady}
      spec: {selector: {app: listener}, ports: [{port: 80, targetPort: 9000}]}
      ---
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: listener, namespace: steady}
      spec:
        podSelector: {matchLabels: {app: listener}}
        ingress:
        - from: [{podSelector: {matchLabels: {app: talker}}}]
          ports: [{port: 9000}]
      ---
      apiVersion: v1
      kind: Pod
      metadata: {name: listener, namespace: steady, labels: {app: listener}}
      spec:
        terminationGracePeriodSeconds: 1
        containers:
        - name: c
          image: example/it:1
          command: [sh, -c, "sleep 1000000 | { busybox nc -l -p 9000; echo broken; }"]
      """;

  private static final String TALKER =
      """
      apiVersion: v1
      kind: Pod
      metadata: {name: talker, namespace: steady, labels: {app: talker}}
      spec:
        terminationGracePeriodSeconds: 1
        containers:
        - name: c
          image: example/it:1
          command:
          - sh
          - -c
          - |
            count() { i=0; while :; do i=$((i+1)); echo $i; sleep 0.2; done; }
            while :; do count | busybox nc %s 80; sleep 0.2; done
      """;

  private final String clusterId;
  private final URI page;
  private final List<String> identities;
  private final AtomicBoolean asks = new AtomicBoolean(true);
  private final AtomicInteger answers = new AtomicInteger();
  private final AtomicInteger failures = new AtomicInteger();
  private volatile String failure = "";
  private final Thread asking = new Thread(this::ask, "asks for a page");
  private long said;

  private SteadyPods(String clusterId, URI page, List<String> identities) {
    this.clusterId = clusterId;
    this.page = page;
    this.identities = identities;
  }

  /// Makes them, and returns when they talk.
  static SteadyPods begin(HavnProcess server, String clusterId) throws IOException {
    try (KubernetesClient client = server.client()) {
      HavnProcess.create(client, NAMESPACE);
      HavnProcess.await(
          "a service account",
          () -> client.serviceAccounts().inNamespace("steady").withName("default").get() != null);
      HavnProcess.create(client, YAML);
      HavnProcess.create(client, TALKER.formatted(address(client, "listener")));
      HavnProcess.await(
          "four steady pods",
          () -> pods(client).stream().filter(HavnProcess::isReady).count() == CONTAINERS);
      HavnProcess.await("a connection", () -> said(client) > 0);
      URI page = URI.create("http://" + address(client, "web") + "/");
      SteadyPods pods = new SteadyPods(clusterId, page, identities(client, clusterId));
      HavnProcess.await("a page", pods::isAnswered);
      pods.asking.start();
      return pods;
    }
  }

  private static String address(KubernetesClient client, String service) {
    return client.services().inNamespace("steady").withName(service).get().getSpec().getClusterIP();
  }

  private static List<Pod> pods(KubernetesClient client) {
    return client.pods().inNamespace("steady").list().getItems();
  }

  private static String log(KubernetesClient client, int lines) {
    return client.pods().inNamespace("steady").withName("listener").tailingLines(lines).getLog();
  }

  /// The last number that came by the connection, 0 before the first.
  private static long said(KubernetesClient client) {
    String last = log(client, 1).strip();
    return last.matches("[0-9]{1,9}") ? Long.parseLong(last) : 0;
  }

  private boolean isAnswered() {
    try {
      HttpURLConnection connection = (HttpURLConnection) page.toURL().openConnection();
      connection.setConnectTimeout(PATIENCE_MILLIS);
      connection.setReadTimeout(PATIENCE_MILLIS);
      connection.setRequestProperty("Connection", "close");
      try (var body = connection.getInputStream()) {
        return new String(body.readAllBytes(), StandardCharsets.UTF_8).startsWith("it");
      }
    } catch (IOException e) {
      failure = e.toString();
      return false;
    }
  }

  private void ask() {
    while (asks.get()) {
      (isAnswered() ? answers : failures).incrementAndGet();
      LockSupport.parkNanos(ASK_EVERY_MILLIS * 1_000_000L);
    }
  }

  /// What tells a container from one that was started in its place.
  private static List<String> identities(KubernetesClient client, String clusterId)
      throws IOException {
    ObjectMapper json = new ObjectMapper();
    Path states = Path.of("/run/havn-" + clusterId + "00/runc");
    List<String> found = new ArrayList<>();
    for (Pod pod : pods(client)) {
      var status = pod.getStatus().getContainerStatuses().getFirst();
      String id = status.getContainerID();
      JsonNode state =
          json.readTree(
              Files.readString(states.resolve(id.substring(RUNC.length())).resolve("state.json")));
      found.add(
          "%s %s %s %s %s %s"
              .formatted(
                  pod.getMetadata().getName(),
                  pod.getStatus().getPodIP(),
                  id,
                  status.getState().getRunning().getStartedAt(),
                  state.path("init_process_pid").asText(),
                  "restarted " + status.getRestartCount()));
    }
    return found.stream().sorted().toList();
  }

  /// They are the same as in the beginning, and what they say to each other comes.
  void areUntouched(HavnProcess server) throws IOException {
    try (KubernetesClient client = server.client()) {
      assertThat(identities(client, clusterId))
          .isEqualTo(identities)
          .allMatch(each -> each.endsWith("restarted 0"));
      // A new connection would begin to count anew.
      HavnProcess.await("more than " + said + " by the connection", () -> said(client) > said);
      said = said(client);
      int before = answers.get();
      HavnProcess.await("pages", () -> answers.get() > before);
      assertThat(failures).as("requests that failed, the last with %s", failure).hasValue(0);
    }
  }

  int answers() {
    return answers.get();
  }

  /// Ends the traffic, and after that the pods.
  void end(HavnProcess server) throws IOException {
    try (KubernetesClient client = server.client()) {
      assertThat(log(client, Integer.MAX_VALUE)).doesNotContain("broken");
      close();
      client.namespaces().withName("steady").delete();
      HavnProcess.await(
          "the end of steady pods", () -> client.namespaces().withName("steady").get() == null);
    }
  }

  @Override
  public void close() {
    asks.set(false);
    try {
      asking.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
