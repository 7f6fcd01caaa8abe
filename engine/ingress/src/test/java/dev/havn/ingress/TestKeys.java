// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;

/// A key and the certificate that it has signed itself, made by the JDK's own tool.
public record TestKeys(PrivateKey key, X509Certificate certificate) {
  private static final String PASSWORD = "changeit";
  private static final String ALIAS = "it";

  /// @param folder where a file with the keys stays
  /// @param name that the certificate is for
  public static TestKeys of(Path folder, String name) throws Exception {
    Path file = folder.resolve(name + ".p12");
    Process tool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                ALIAS,
                "-keyalg",
                "EC",
                "-dname",
                "CN=" + name,
                "-ext",
                "SAN=dns:" + name,
                "-storetype",
                "PKCS12",
                "-storepass",
                PASSWORD,
                "-keystore",
                file.toString())
            .redirectErrorStream(true)
            .start();
    String output = new String(tool.getInputStream().readAllBytes(), UTF_8);
    assertThat(tool.waitFor()).as(output).isZero();
    KeyStore keys = KeyStore.getInstance(file.toFile(), PASSWORD.toCharArray());
    return new TestKeys(
        (PrivateKey) keys.getKey(ALIAS, PASSWORD.toCharArray()),
        (X509Certificate) keys.getCertificate(ALIAS));
  }
}
