// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.rules;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.ingress.routing.RoutingTable.Identity;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.interfaces.ECPrivateKey;
import java.security.spec.RSAPrivateKeySpec;
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

  /// Numbers that are no key take as long to sign with as one.
  @Test
  void anRsaKeyThatTakesTooLongIsRefused() throws Exception {
    run("openssl", "genrsa", "-out", "a.key", "2048");
    certify("a.key");
    for (int bits : List.of(8_192, 8_193)) {
      var numbers =
          new RSAPrivateKeySpec(
              BigInteger.ONE.shiftLeft(bits).subtract(BigInteger.ONE), BigInteger.valueOf(65_537));
      byte[] der = KeyFactory.getInstance("RSA").generatePrivate(numbers).getEncoded();
      String pem =
          "-----BEGIN PRIVATE KEY-----\n%s\n-----END PRIVATE KEY-----\n"
              .formatted(Base64.getMimeEncoder().encodeToString(der));
      Files.writeString(folder.resolve("large.key"), pem);
      assertThatThrownBy(() -> TlsSecret.read(secret("large.key")))
          .hasMessage(
              bits > 8_192
                  ? "an RSA key has at most 8192 bits"
                  : "tls.key is not the key of tls.crt");
    }
  }

  @Test
  void aSecretIsReadOnceWhileItStaysAsItIs() throws Exception {
    run("openssl", "genrsa", "-out", "a.key", "2048");
    certify("a.key");
    Certificates certificates = new Certificates();
    Secret secret = secret("a.key");
    secret.getMetadata().setUid("u");
    secret.getMetadata().setResourceVersion("1");
    Identity first = certificates.of(secret);
    certificates.turn();
    assertThat(certificates.of(secret)).isSameAs(first);
    secret.getMetadata().setResourceVersion("2");
    assertThat(certificates.of(secret)).isNotSameAs(first);
    secret.getData().remove("tls.key");
    secret.getMetadata().setResourceVersion("3");
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> certificates.of(secret)).hasMessage("it has no tls.key");
    }
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

  /// Lengths that are claimed and not there: 2 GiB once ended the whole process.
  @Test
  void aKeyThatClaimsMoreThanItHasIsRefused() throws Exception {
    run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-out", "a.key");
    certify("a.key");
    for (byte[] der :
        new byte[][] {
          {0x30, 0, 2, 0, 4, 0, (byte) 0xa0, (byte) 0x84, 0x7f, (byte) 0xff, (byte) 0xff, 0},
          {0x30, 0, 2, 0, 4, 0, (byte) 0xa0, (byte) 0x83, 0x7f, (byte) 0xff, (byte) 0xff, 0},
          {0x30, 0, 2, (byte) 0x84, (byte) 0x80, 0, 0, 0, 4, 0, (byte) 0xa0, 0}
        }) {
      Files.writeString(
          folder.resolve("odd.key"),
          "-----BEGIN EC PRIVATE KEY-----\n"
              + Base64.getEncoder().encodeToString(der)
              + "\n-----END EC PRIVATE KEY-----\n");
      assertThatThrownBy(() -> TlsSecret.read(secret("odd.key")))
          .hasMessage("tls.key holds no private key");
    }
  }

  @Test
  void whatIsNoBase64OrTooLongIsRefused() throws Exception {
    run("openssl", "genrsa", "-out", "a.key", "2048");
    certify("a.key");
    Secret odd = secret("a.key");
    odd.getData().put("tls.crt", "***");
    assertThatThrownBy(() -> TlsSecret.read(odd))
        .isInstanceOf(TlsSecret.UnusableException.class)
        .hasMessageStartingWith("it cannot be read");
    Files.writeString(folder.resolve("long.key"), "x".repeat(64 << 10));
    assertThatThrownBy(() -> TlsSecret.read(secret("long.key"))).hasMessage("tls.key is too long");
  }

  @Test
  void aChainInAWrongOrderIsRefused() throws Exception {
    run("openssl", "genrsa", "-out", "a.key", "2048");
    certify("a.key");
    String first = Files.readString(folder.resolve("it.crt"));
    run("openssl", "req", "-x509", "-new", "-key", "a.key", "-subj", "/CN=b", "-out", "it.crt");
    String second = Files.readString(folder.resolve("it.crt"));
    for (String chain : List.of(first + second, first + first)) {
      Files.writeString(folder.resolve("it.crt"), chain);
      assertThatThrownBy(() -> TlsSecret.read(secret("a.key")))
          .hasMessage("certificate 2 of tls.crt is not the issuer of the one before");
    }
  }
}
