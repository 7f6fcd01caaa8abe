// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.rules;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.interfaces.ECPrivateKey;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Certificates and keys as `openssl` writes them.
class TlsSecretTest {
  @TempDir private Path folder;

  @BeforeEach
  void haveOpenssl() throws Exception {
    try {
      run("openssl", "version");
    } catch (IOException e) {
      System.out.println("skipped: no openssl on this machine");
      Assumptions.abort("no openssl");
    }
  }

  private void run(String... command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(List.of(command))
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
  }

  private Secret secret(String key) throws IOException {
    return new SecretBuilder()
        .withNewMetadata()
        .withName("it")
        .endMetadata()
        .addToData("tls.crt", encoded("it.crt"))
        .addToData("tls.key", encoded(key))
        .build();
  }

  private String encoded(String file) throws IOException {
    return Base64.getEncoder().encodeToString(Files.readAllBytes(folder.resolve(file)));
  }

  private void certify(String key) throws Exception {
    run("openssl", "req", "-x509", "-new", "-key", key, "-subj", "/CN=a", "-out", "it.crt");
  }

  @Test
  void rsaKeysOfBothForms() throws Exception {
    run("openssl", "genrsa", "-out", "new.key", "2048");
    run("openssl", "rsa", "-in", "new.key", "-traditional", "-out", "old.key");
    certify("new.key");
    assertThat(Files.readString(folder.resolve("old.key"))).contains("BEGIN RSA PRIVATE KEY");
    assertThat(TlsSecret.read(secret("old.key")).key())
        .isEqualTo(TlsSecret.read(secret("new.key")).key());
  }

  @Test
  void ellipticKeysOfBothForms() throws Exception {
    run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-out", "old.key");
    run("openssl", "pkcs8", "-topk8", "-nocrypt", "-in", "old.key", "-out", "new.key");
    certify("new.key");
    assertThat(Files.readString(folder.resolve("old.key"))).contains("BEGIN EC PRIVATE KEY");
    assertThat(number("old.key")).isEqualTo(number("new.key"));
  }

  /// One of two forms carries more about the same key.
  private BigInteger number(String key) throws Exception {
    return ((ECPrivateKey) TlsSecret.read(secret(key)).key()).getS();
  }

  @Test
  void whatIsWrongIsSaid() throws Exception {
    run("openssl", "genrsa", "-out", "a.key", "2048");
    run("openssl", "genrsa", "-out", "b.key", "2048");
    certify("a.key");
    assertThatThrownBy(() -> TlsSecret.read(secret("b.key")))
        .hasMessage("tls.key is not the key of tls.crt");
    Files.writeString(folder.resolve("none.key"), "nothing");
    assertThatThrownBy(() -> TlsSecret.read(secret("none.key")))
        .hasMessage("tls.key holds no private key");
    assertThatThrownBy(() -> TlsSecret.read(new SecretBuilder().build()))
        .hasMessage("it has no tls.crt");
  }
}
