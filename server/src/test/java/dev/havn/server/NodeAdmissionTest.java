// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.kernel.Program;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.node.v1.RuntimeClass;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What a node with real processes does with pods that no scheduler has seen, or that want what it
/// has not.
class NodeAdmissionTest {
  private static final long SECONDS_MAX = 60;

  @TempDir private Path folder;

  private Havn start() {
    Configuration plain = Configuration.of(folder.resolve("data"));
    Havn havn =
        Havn.start(
            new Configuration(
                plain.dataDirectory(),
                "127.0.0.1",
                0,
                folder.resolve("kubeconfig"),
                1,
                Configuration.RuntimeChoice.PROCESS,
                StoreChoice.MEMORY,
                "",
                ""));
    havn.awaitReady();
    return havn;
  }

  private static Pod create(KubernetesClient client, String name, String spec) {
    String pod =
        "{apiVersion: v1, kind: Pod, metadata: {name: %s, namespace: default}, spec: {nodeName: havn, %s}}";
    return client
        .resource(Serialization.unmarshal("---\n" + pod.formatted(name, spec), Pod.class))
        .create();
  }

  private static String refusal(KubernetesClient client, String name, String spec) {
    Pod pod = create(client, name, spec);
    Pod over = await(client, pod, each -> each.getStatus().getReason() != null);
    assertThat(over.getStatus().getPhase()).isEqualTo("Failed");
    assertThat(event(client, name, over.getStatus().getReason()).getMessage())
        .isEqualTo(over.getStatus().getMessage().replace("Pod was rejected: ", ""));
    return over.getStatus().getReason() + ": " + over.getStatus().getMessage();
  }

  private static Pod await(KubernetesClient client, Pod pod, Predicate<Pod> condition) {
    return client
        .resource(pod)
        .waitUntilCondition(
            each -> each != null && each.getStatus() != null && condition.test(each),
            SECONDS_MAX,
            TimeUnit.SECONDS);
  }

  private static Event event(KubernetesClient client, String pod, String reason) {
    return client
        .v1()
        .events()
        .inNamespace("default")
        .withField("involvedObject.name", pod)
        .withField("reason", reason)
        .informOnCondition(all -> !all.isEmpty())
        .orTimeout(SECONDS_MAX, TimeUnit.SECONDS)
        .join()
        .getFirst();
  }

  @Test
  @Timeout(180)
  void aNodeTakesOnlyWhatSuitsIt() {
    boolean missing = !Program.missing(List.of("unshare", "nsenter")).isEmpty();
    Assumptions.assumeFalse(missing, "no unshare and nsenter for the process runtime");
    Havn havn = start();
    try (KubernetesClient client =
        new KubernetesClientBuilder()
            .withConfig(Config.fromKubeconfig(folder.resolve("kubeconfig").toFile()))
            .build()) {
      client
          .serviceAccounts()
          .inNamespace("default")
          .withName("default")
          .waitUntilCondition(Objects::nonNull, SECONDS_MAX, TimeUnit.SECONDS);
      refuses(client);
      takes(client);
      startsNothingByAHandlerThatIsNotThere(client);
    } finally {
      havn.close();
    }
  }

  private static void refuses(KubernetesClient client) {
    String containers = "containers: [{name: c, image: 'example.test/c:1'}]";
    assertThat(refusal(client, "foreign", "os: {name: windows}, " + containers))
        .isEqualTo(
            "PodOSNotSupported: Pod was rejected: Failed to admit pod as the OS field doesn't match node OS");
    assertThat(
            refusal(
                client,
                "unsafe",
                "securityContext: {sysctls: [{name: kernel/msgmax, value: '1'}]}, " + containers))
        .isEqualTo(
            "SysctlForbidden: Pod was rejected: forbidden sysctl: \"kernel.msgmax\" not allowlisted");
    assertThat(refusal(client, "lost", "nodeSelector: {disk: tape}, " + containers))
        .startsWith("NodeAffinity: Pod was rejected: Predicate NodeAffinity failed: ");
    assertThat(
            refusal(
                client,
                "large",
                "containers: [{name: c, image: 'example.test/c:1', resources: {requests: {cpu: 4k}}}]"))
        .startsWith(
            "OutOfcpu: Pod was rejected: Node didn't have enough resource: cpu, requested: 4000000, used: 0, ");
  }

  private static void startsNothingByAHandlerThatIsNotThere(KubernetesClient client) {
    client
        .resource(
            Serialization.unmarshal(
                "---\n{apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {name: guarded}, handler: kata}",
                RuntimeClass.class))
        .create();
    Pod unused =
        create(
            client,
            "guarded",
            "runtimeClassName: guarded, containers: [{name: c, image: 'example.test/c:1'}]");
    assertThat(event(client, "guarded", "FailedCreatePodSandBox").getMessage())
        .isEqualTo("Failed to create pod sandbox: no runtime for \"kata\" is configured");
  }

  /// Though its image is nowhere, its containers wait.
  private static void takes(KubernetesClient client) {
    client
        .nodes()
        .withName("havn")
        .edit(
            node -> {
              node.getMetadata().getLabels().put("disk", "ssd");
              return node;
            });
    Pod pod =
        create(
            client,
            "found",
            "nodeSelector: {disk: ssd}, shareProcessNamespace: true,"
                + " containers: [{name: c, image: 'example.test/c:1', resources: {limits: {memory: 1Mi}}}]");
    Pod taken =
        await(
            client,
            pod,
            each ->
                !each.getStatus().getContainerStatuses().isEmpty()
                    || "Failed".equals(each.getStatus().getPhase()));
    assertThat(taken.getStatus().getPhase()).isEqualTo("Pending");
    assertThat(event(client, "found", "NotEnforced").getMessage())
        .isEqualTo("The runtime process does not enforce: shareProcessNamespace, limits.memory");
  }
}
