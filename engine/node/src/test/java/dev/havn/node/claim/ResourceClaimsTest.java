// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.claim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.havn.node.device.PluginException;
import dev.havn.reconcile.VirtualTime;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResourceClaimsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final KubernetesSerialization YAML = new KubernetesSerialization();
  private static final String DRIVER = "gpu.example.com";

  private static final String ALLOCATED =
      "{\"metadata\": {\"name\": \"%1$s\", \"namespace\": \"default\", \"uid\": \"%1$s-uid\"},"
          + " \"status\": {\"reservedFor\": [{\"uid\": \"one\"}, {\"uid\": \"two\"}],"
          + " \"allocation\": {\"devices\": {\"results\": [{\"driver\": \"gpu.example.com\"}]}}}}";

  @TempDir private Path folder;
  private final Map<String, JsonNode> objects = new HashMap<>();
  private final FakeDriver driver = new FakeDriver();
  private final VirtualTime time = new VirtualTime(Instant.parse("2026-05-04T10:00:00Z"));
  private final List<String> affected = new ArrayList<>();
  private final List<String> wiped = new ArrayList<>();
  private Drivers drivers;
  private ResourceClaims claims;

  /// Gives each claim two devices: `first` for the request `a`, `second` for `b`.
  private static final class FakeDriver implements Driver {
    private final List<String> calls = new ArrayList<>();
    private @Nullable String failure;
    private String error = "";
    private boolean connected = true;
    private Runnable listener = () -> {};
    private Consumer<List<Health>> health = _ -> {};

    private void mayFail() throws PluginException {
      if (failure != null) {
        throw new PluginException(failure, null);
      }
    }

    @Override
    public Map<String, Answer> prepare(List<Claim> claims) throws PluginException {
      Map<String, Answer> answers = new HashMap<>();
      for (Claim each : claims) {
        calls.add("prepare " + each.name());
        String id = "example.com/gpu=" + each.name() + "-";
        answers.put(
            each.uid(),
            new Answer(
                List.of(
                    new PreparedDevice(List.of("a"), "pool", "1", List.of(id + "first"), null),
                    new PreparedDevice(List.of("b"), "pool", "2", List.of(id + "second"), null)),
                error));
      }
      mayFail();
      return answers;
    }

    @Override
    public Map<String, String> unprepare(List<Claim> claims) throws PluginException {
      Map<String, String> answers = new HashMap<>();
      for (Claim each : claims) {
        calls.add("unprepare " + each.name());
        answers.put(each.uid(), error);
      }
      mayFail();
      return answers;
    }

    @Override
    public boolean follow(Consumer<List<Health>> seen) {
      health = seen;
      return false;
    }

    @Override
    public boolean isConnected() {
      return connected;
    }

    @Override
    public void onConnection(Runnable changed) {
      listener = changed;
    }

    void connect(boolean isThere) {
      connected = isThere;
      listener.run();
    }

    @Override
    public void close() {}
  }

  @BeforeEach
  void begin() throws Exception {
    drivers = new Drivers("node", wiped::add, time, time);
    drivers.add(DRIVER, "/gpu.sock", driver);
    restart();
  }

  private void restart() {
    claims =
        new ResourceClaims(
            path -> Optional.ofNullable(objects.get(path)),
            drivers,
            folder.resolve("claims.json"),
            affected::addAll);
  }

  private void claim(String name, String json) throws IOException {
    objects.put(
        "/apis/resource.k8s.io/v1/namespaces/default/resourceclaims/" + name,
        JSON.readTree(json.formatted(name)));
  }

  private static Pod pod(String uid, String claims, String status, String wanted) {
    return YAML.unmarshal(
        """
        kind: Pod
        apiVersion: v1
        metadata: {name: %s, namespace: default, uid: %s}
        spec: {resourceClaims: [%s], containers: [{name: main, resources: {claims: [%s]}}]}
        status: {%s}
        """
            .formatted(uid, uid, claims, wanted, status),
        Pod.class);
  }

  private static Pod named(String uid, String claim) {
    return pod(uid, "{name: gpu, resourceClaimName: " + claim + "}", "", "{name: gpu}");
  }

  private static Container main(Pod pod) {
    return pod.getSpec().getContainers().getFirst();
  }

  private void refused(Pod pod, String message) {
    assertThatThrownBy(() -> claims.prepare(pod, () -> false)).hasMessage(message);
  }

  @Test
  void aPodGetsTheDevicesOfItsClaimOnce() throws Exception {
    claim("shared", ALLOCATED);
    Pod pod = named("one", "shared");
    claims.prepare(pod, () -> false);
    claims.prepare(pod, () -> false);
    assertThat(driver.calls).containsExactly("prepare shared");
    assertThat(claims.cdiDevices(pod, main(pod)))
        .containsExactly("example.com/gpu=shared-first", "example.com/gpu=shared-second");
  }

  @Test
  void aContainerGetsWhatItsRequestIsFor() throws Exception {
    claim(
        "made",
        ALLOCATED.replace(
            "\"name\"",
            "\"ownerReferences\": [{\"controller\": true, \"uid\": \"one\"}], \"name\""));
    Pod pod =
        pod(
            "one",
            "{name: gpu, resourceClaimTemplateName: t}",
            "resourceClaimStatuses: [{name: gpu, resourceClaimName: made}]",
            "{name: gpu, request: b}");
    claims.prepare(pod, () -> false);
    assertThat(claims.cdiDevices(pod, main(pod))).containsExactly("example.com/gpu=made-second");
    assertThat(claims.used(pod, main(pod)))
        .containsExactly(
            new ResourceClaims.Used("claim:gpu/b", "example.com/gpu=made-second", "Unknown", ""));
  }

  @Test
  void aPodThatMayNotUseAClaimDoesNotStart() throws Exception {
    Pod template = pod("one", "{name: gpu, resourceClaimTemplateName: t}", "", "{name: gpu}");
    refused(template, "pod \"default/one\": ResourceClaim not created yet");
    refused(
        named("one", "none"),
        "fetch ResourceClaim none: resourceclaims.resource.k8s.io \"none\" not found");
    claim("shared", ALLOCATED);
    refused(
        named("three", "shared"),
        "pod three (three) is not allowed to use ResourceClaim shared (shared-uid)");
    claim(
        "bare",
        "{\"metadata\": {\"uid\": \"%s\"}, \"status\": {\"reservedFor\": [{\"uid\": \"one\"}]}}");
    refused(named("one", "bare"), "ResourceClaim bare: not allocated");
    Pod made =
        pod(
            "one",
            "{name: gpu, resourceClaimTemplateName: t}",
            "resourceClaimStatuses: [{name: gpu, resourceClaimName: shared}]",
            "{name: gpu}");
    refused(
        made,
        "ResourceClaim default/shared was not created for Pod default/one (Pod is not owner)");
    assertThat(driver.calls).isEmpty();
  }

  @Test
  void whatADriverSaysIsQuoted() throws Exception {
    claim("shared", ALLOCATED);
    Pod pod = named("one", "shared");
    driver.failure = "rpc error: code = Unknown desc = no";
    refused(pod, "NodePrepareResources: rpc error: code = Unknown desc = no");
    driver.failure = null;
    driver.error = "broken";
    refused(pod, "NodePrepareResources failed for ResourceClaim shared: broken");
    drivers.remove(DRIVER, "/gpu.sock");
    refused(pod, "DRA driver gpu.example.com is not registered");
  }

  @Test
  void theLastPodOfAClaimLetsItGo() throws Exception {
    claim("shared", ALLOCATED);
    claims.prepare(named("one", "shared"), () -> false);
    claims.prepare(named("two", "shared"), () -> false);
    claims.unprepare("one");
    assertThat(driver.calls).containsExactly("prepare shared");
    claims.unprepare("two");
    claims.unprepare("two");
    assertThat(driver.calls).containsExactly("prepare shared", "unprepare shared");
    assertThat(claims.pods()).isEmpty();
  }

  @Test
  void aDriverThatDoesNotUndoIsAskedAgain() throws Exception {
    claim("shared", ALLOCATED);
    claims.prepare(named("one", "shared"), () -> false);
    driver.error = "busy";
    assertThatThrownBy(() -> claims.unprepare("one"))
        .hasMessage("NodeUnprepareResources failed for ResourceClaim shared: busy");
    assertThat(claims.pods()).containsExactly("one");
    driver.error = "";
    claims.unprepare("one");
    assertThat(claims.pods()).isEmpty();
  }

  @Test
  void aRestartKeepsWhatIsPreparedForPodsThatRun() throws Exception {
    claim("shared", ALLOCATED);
    Pod pod = named("one", "shared");
    claims.prepare(pod, () -> false);
    restart();
    claims.prepare(pod, () -> true);
    assertThat(driver.calls).containsExactly("prepare shared");
    assertThat(claims.cdiDevices(pod, main(pod))).hasSize(2);
    restart();
    // The machine was off: what drivers write for the runtime is gone with it.
    claims.prepare(pod, () -> false);
    assertThat(driver.calls).containsExactly("prepare shared", "prepare shared");
    restart();
    claims.unprepare("one");
    assertThat(driver.calls).endsWith("unprepare shared");
  }

  @Test
  void aClaimOfTheSameNameIsAnotherOne() throws Exception {
    claim("shared", ALLOCATED);
    claims.prepare(named("one", "shared"), () -> false);
    claim("shared", ALLOCATED.replace("-uid", "-other"));
    refused(
        named("two", "shared"),
        "old ResourceClaim with same name shared and different UID shared-uid still exists"
            + " (previous pod force-deleted?!)");
  }

  @Test
  void theLatestPluginOfADriverThatIsThereIsAsked() throws Exception {
    claim("shared", ALLOCATED);
    FakeDriver later = new FakeDriver();
    drivers.add(DRIVER, "/later.sock", later);
    later.connected = false;
    claims.prepare(named("one", "shared"), () -> false);
    assertThat(driver.calls).hasSize(1);
    later.connected = true;
    claims.unprepare("one");
    assertThat(later.calls).containsExactly("unprepare shared");
    assertThatThrownBy(() -> drivers.add(DRIVER, "/later.sock", new FakeDriver()))
        .hasMessage(
            "endpoint /later.sock already registered for DRA driver plugin gpu.example.com");
  }

  @Test
  void aServiceIsChosenByTheOrderOfThePlugin() throws Exception {
    assertThat(
            Drivers.service(
                "d", "/s", List.of("v2.DRAPlugin", "v1beta1.DRAPlugin", "v1.DRAPlugin")))
        .isEqualTo("v1beta1.DRAPlugin");
    assertThatThrownBy(() -> Drivers.service("d", "/s", List.of("v2.DRAPlugin")))
        .hasMessage(
            "invalid supported gRPC versions of DRA driver plugin d at endpoint /s: none of"
                + " services supported by the plugin ([\"v2.DRAPlugin\"]) are supported by the"
                + " kubelet ([\"v1.DRAPlugin\" \"v1beta1.DRAPlugin\"])");
  }

  @Test
  void slicesGoWithADriverThatDoesNotComeBack() throws Exception {
    String all = "/apis/resource.k8s.io/v1/resourceslices?fieldSelector=spec.nodeName%3Dnode";
    drivers.begin();
    time.advance(Duration.ofSeconds(1));
    assertThat(wiped).containsExactly(all);
    driver.connect(false);
    time.advance(Duration.ofSeconds(20));
    driver.connect(true);
    time.advance(Duration.ofSeconds(5));
    driver.connect(false);
    time.advance(Duration.ofSeconds(20));
    assertThat(wiped).hasSize(1);
    time.advance(Duration.ofSeconds(11));
    assertThat(wiped).containsExactly(all, all + "%2Cspec.driver%3Dgpu.example.com");
  }

  @Test
  void slicesThatCannotBeRemovedAreTriedAgain() {
    List<String> tries = new ArrayList<>();
    Drivers others =
        new Drivers(
            "node",
            path -> {
              tries.add(path);
              if (tries.size() < 3) {
                throw new IllegalStateException("nobody answers");
              }
            },
            time,
            time);
    others.begin();
    time.advance(Duration.ofMinutes(1));
    assertThat(tries).hasSize(3);
  }

  @Test
  void whatADriverSaysOfADeviceStandsForAWhile() throws Exception {
    claim("shared", ALLOCATED);
    Pod pod = named("one", "shared");
    claims.prepare(pod, () -> false);
    time.advance(Duration.ofSeconds(1));
    Health ill = new Health("pool", "1", "Unhealthy", "too hot", Duration.ofSeconds(30));
    driver.health.accept(List.of(ill));
    assertThat(affected).containsExactly("one");
    String id = "example.com/gpu=shared-first";
    assertThat(claims.used(pod, main(pod)))
        .contains(new ResourceClaims.Used("claim:gpu", id, "Unhealthy", "too hot"));
    driver.health.accept(List.of(ill));
    assertThat(affected).hasSize(1);
    time.advance(Duration.ofSeconds(31));
    assertThat(claims.used(pod, main(pod)))
        .contains(new ResourceClaims.Used("claim:gpu", id, "Unknown", ""));
  }
}
