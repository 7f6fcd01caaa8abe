// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.node.pod.AtomicFolder.Content;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VolumeContentsTest {
  private final TableApi api =
      new TableApi()
          .with(
              "/api/v1/namespaces/shop/configmaps/settings",
              "{data: {color: red, size: '9'}, binaryData: {raw: aGk=}}")
          .with("/api/v1/namespaces/shop/secrets/keys", "{data: {password: c2VzYW1l}}")
          .answering(
              () ->
                  GoldenPods.tree(
                      "status: {token: abc, expirationTimestamp: '2026-05-04T11:00:00Z'}"));
  private final VolumeContents contents =
      new VolumeContents(
          api,
          new ServiceAccountTokens(api, () -> Instant.parse("2026-05-04T10:00:00Z")),
          () ->
              Map.of(
                  "cpu", BigDecimal.valueOf(4),
                  "memory", BigDecimal.valueOf(8L << 30),
                  "ephemeral-storage", BigDecimal.valueOf(100L << 30)));

  private static Pod pod(String security) {
    return GoldenPods.pod(
        """
        metadata:
          name: web
          namespace: shop
          uid: u1
          labels: {app: web}
        spec:
          serviceAccountName: default
          %s
          containers:
            - name: web
              resources: {limits: {cpu: 1250m, memory: 64Mi}}
        """
            .formatted(security));
  }

  private Map<String, String> files(Pod pod, String volume) throws IOException {
    Map<String, String> shown = new TreeMap<>();
    for (var each : contents.of(pod, GoldenPods.read(volume, Volume.class)).entrySet()) {
      Content content = each.getValue();
      String text = new String(content.bytes(), StandardCharsets.UTF_8);
      String owner = content.owner() == null ? "" : " of " + content.owner();
      shown.put(each.getKey(), text + " " + Integer.toOctalString(content.mode()) + owner);
    }
    return shown;
  }

  @Test
  void allKeysAreFilesUnlessItemsAreNamed() throws IOException {
    assertThat(files(pod(""), "{name: v, configMap: {name: settings, defaultMode: 256}}"))
        .isEqualTo(Map.of("color", "red 400", "size", "9 400", "raw", "hi 400"));
    assertThat(
            files(
                pod(""),
                "{name: v, secret: {secretName: keys, items: [{key: password, path: a/b, mode: 384}]}}"))
        .isEqualTo(Map.of("a/b", "sesame 600"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{configMap: {name: none}} | configmap \"none\" not found",
        "{secret: {secretName: none}} | secret \"none\" not found",
        "{configMap: {name: settings, items: [{key: x, path: x}]}}"
            + " | configmap references non-existent config key: x",
        "{secret: {secretName: keys, items: [{key: x, path: x}]}}"
            + " | references non-existent secret key: x",
      })
  void whatIsMissingIsNamed(String volume, String message) {
    assertThatThrownBy(() -> files(pod(""), volume))
        .isInstanceOf(IOException.class)
        .hasMessage(message);
  }

  @Test
  void whatIsOptionalMayBeMissing() throws IOException {
    assertThat(files(pod(""), "{configMap: {name: none, optional: true}}")).isEmpty();
    assertThat(
            files(
                pod(""),
                "{secret: {secretName: keys, optional: true, items: [{key: x, path: x}]}}"))
        .isEmpty();
  }

  @Test
  void aProjectionHoldsAllItsSources() throws IOException {
    String volume =
        """
        projected:
          sources:
            - configMap: {name: settings, items: [{key: color, path: color}]}
            - secret: {name: keys}
            - downwardAPI:
                items:
                  - {path: labels, fieldRef: {fieldPath: metadata.labels}}
                  - path: cpu
                    resourceFieldRef: {containerName: web, resource: limits.cpu}
            - serviceAccountToken: {path: token}
        """;
    assertThat(files(pod(""), volume))
        .isEqualTo(
            Map.of(
                "color", "red 644",
                "password", "sesame 644",
                "labels", "app=\"web\" 644",
                "cpu", "2 644",
                "token", "abc 644"));
  }

  @Test
  void aTokenIsForThePodsUserAlone() throws IOException {
    String volume = "projected: {sources: [{serviceAccountToken: {path: token}}]}";
    assertThat(files(pod("securityContext: {runAsUser: 1000}"), volume))
        .isEqualTo(Map.of("token", "abc 600 of 1000"));
    assertThat(files(pod("securityContext: {fsGroup: 2000}"), volume))
        .isEqualTo(Map.of("token", "abc 600"));
  }
}
