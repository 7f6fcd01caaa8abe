// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What keeps a scheduler of its own from starting.
class StandaloneSchedulerTest {
  @TempDir private Path folder;

  @Test
  void aKeyThatCannotBeUsedIsToldInOneLine() throws IOException, NoSuchAlgorithmException {
    byte[] key = KeyPairGenerator.getInstance("EC").generateKeyPair().getPrivate().getEncoded();
    String pem =
        "-----BEGIN PRIVATE KEY-----\n"
            + Base64.getMimeEncoder().encodeToString(key)
            + "\n-----END PRIVATE KEY-----\n";
    Path file =
        Files.writeString(
            folder.resolve("kubeconfig"),
            """
            apiVersion: v1
            kind: Config
            current-context: c
            contexts: [{name: c, context: {cluster: c, user: u}}]
            clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
            users: [{name: u, user: {client-certificate-data: "%s", client-key-data: "%s"}}]
            """
                .formatted(base64("no certificate"), base64(pem)));
    assertThatThrownBy(() -> StandaloneScheduler.start(file, null, "one"))
        .isInstanceOf(StartException.class)
        .hasMessageStartingWith("kubeconfig " + file + " has a certificate or key that cannot");
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.US_ASCII));
  }
}
