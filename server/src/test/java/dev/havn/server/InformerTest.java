// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.apiserver.http.BodyStream;
import dev.havn.apiserver.http.ByteDuplex;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.Response;
import dev.havn.apiserver.http.WebSocket;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Informers;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// An informer whose connection to a real API is cut, refused and told that it is too late, under
/// virtual time.
class InformerTest {
  private EmbeddedCluster cluster;
  private KubernetesClient watching;
  private Informers informers;
  private Informer<ConfigMap> maps;

  private final List<Long> watches = new ArrayList<>();
  private final List<BodyStream> open = new ArrayList<>();
  private final List<String> told = new ArrayList<>();
  private boolean refuses;

  @BeforeEach
  void start() {
    cluster = EmbeddedCluster.start(1);
    watching = RefusingApi.client(cluster, this::handle);
    informers = new Informers(new Api(watching), cluster.time());
    maps = informers.selecting(ConfigMap.class, "&labelSelector=watched%3Dyes");
    maps.onChange(
        (before, after) -> {
          ConfigMap map = after == null ? before : after;
          String what = before == null ? "new " : after == null ? "gone " : "changed ";
          told.add(what + map.getMetadata().getName());
        });
    cluster.settle();
  }

  @AfterEach
  void close() {
    maps.close();
    informers.close();
    watching.close();
    cluster.close();
  }

  private void handle(Request request, Response response) {
    watches.add(cluster.now().toEpochMilli());
    if (refuses) {
      response.send(503, new Headers(), List.of());
    } else {
      cluster.handler().handle(request, new Noted(response));
    }
  }

  @Test
  void whoWaitsForAllThatIsThereIsToldOnce() {
    create("first");
    Informer<ConfigMap> late = informers.selecting(ConfigMap.class, "&labelSelector=watched%3Dyes");
    List<Integer> known = new ArrayList<>();
    late.whenSynced(() -> known.add(late.list().size()));
    assertThat(known).isEmpty();
    cluster.settle();
    assertThat(known).containsExactly(1);
    late.whenSynced(() -> known.add(-1));
    assertThat(known).as("at once").containsExactly(1, -1);
    late.close();
  }

  private final class Noted implements Response {
    private final Response response;

    Noted(Response response) {
      this.response = response;
    }

    @Override
    public void send(int status, Headers headers, List<ByteBuffer> body) {
      response.send(status, headers, body);
    }

    @Override
    public BodyStream stream(int status, Headers headers) {
      BodyStream stream = response.stream(status, headers);
      open.add(stream);
      return stream;
    }

    @Override
    public WebSocket acceptWebSocket(String subprotocol) {
      return response.acceptWebSocket(subprotocol);
    }

    @Override
    public ByteDuplex acceptUpgrade(String protocol, Headers headers) {
      return response.acceptUpgrade(protocol, headers);
    }
  }

  private void create(String name) {
    cluster
        .client()
        .configMaps()
        .inNamespace("default")
        .resource(
            new ConfigMapBuilder()
                .withNewMetadata()
                .withName(name)
                .addToLabels("watched", "yes")
                .endMetadata()
                .build())
        .create();
  }

  private void delete(String name) {
    cluster.client().configMaps().inNamespace("default").withName(name).delete();
  }

  @Test
  void whatIsMissedWhileTheWatchIsCutShowsAsChangesAfterwards() {
    create("stays");
    create("goes");
    cluster.settle();
    assertThat(told).containsExactly("new stays", "new goes");
    told.clear();
    refuses = true;
    open.removeLast().close();
    cluster.settle();
    delete("goes");
    create("comes");
    cluster.advance(Duration.ofSeconds(2));
    assertThat(told).isEmpty();
    assertThat(maps.get("default", "goes")).isNotNull();
    refuses = false;
    cluster.advance(Duration.ofSeconds(30));
    assertThat(told).containsExactlyInAnyOrder("new comes", "gone goes");
    assertThat(maps.get("default", "goes")).isNull();
    assertThat(maps.list()).hasSize(2);
  }

  @Test
  void aWatchThatIsTooLateBeginsAnew() {
    create("one");
    cluster.settle();
    BodyStream stream = open.removeLast();
    stream.write(
        List.of(
            ByteBuffer.wrap(
                """
                {"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","status":"Failure",\
                "reason":"Expired","message":"too old resource version","code":410}}
                """
                    .getBytes(StandardCharsets.UTF_8))));
    cluster.settle();
    create("two");
    cluster.advance(Duration.ofSeconds(1));
    assertThat(told).containsExactly("new one", "new two");
  }

  @Test
  void aRefusedWatchIsTriedAgainLaterEachTimeAndAtMostHalfAMinuteLater() {
    refuses = true;
    open.removeLast().close();
    watches.clear();
    cluster.advance(Duration.ofMinutes(5));
    List<Long> pauses = new ArrayList<>();
    for (int i = 1; i < watches.size(); i++) {
      pauses.add(watches.get(i) - watches.get(i - 1));
    }
    assertThat(pauses).startsWith(200L, 400L, 800L, 1_600L).endsWith(30_000L, 30_000L).isSorted();
  }

  @Test
  void aListenerThatFailsKeepsNothingFromTheOthers() {
    List<String> others = new ArrayList<>();
    maps.onChange(
        (_, _) -> {
          throw new IllegalStateException("a fault of a listener");
        });
    maps.onChange((_, after) -> others.add(after == null ? "gone" : "there"));
    create("one");
    cluster.settle();
    delete("one");
    cluster.settle();
    assertThat(others).containsExactly("there", "gone");
    assertThat(watches).as("the watch goes on").hasSize(1);
  }
}
