// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.certificates;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringReader;
import java.math.BigInteger;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.interfaces.ECPrivateKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECPrivateKeySpec;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.junit.jupiter.api.Test;

class PemTest {
  private static KeyPair keys() throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"));
    return generator.generateKeyPair();
  }

  private static KeyPair read(String pem) throws Exception {
    try (PEMParser parser = new PEMParser(new StringReader(pem))) {
      return new JcaPEMKeyConverter().getKeyPair((PEMKeyPair) parser.readObject());
    }
  }

  @Test
  void anotherLibraryReadsAKey() throws Exception {
    for (int i = 0; i < 20; i++) {
      KeyPair keys = keys();
      KeyPair read = read(Pem.of(keys));
      assertThat(((ECPrivateKey) read.getPrivate()).getS())
          .isEqualTo(((ECPrivateKey) keys.getPrivate()).getS());
      assertThat(read.getPublic().getEncoded()).isEqualTo(keys.getPublic().getEncoded());
    }
  }

  @Test
  void aShortScalarIsPadded() throws Exception {
    KeyPair keys = keys();
    ECPrivateKeySpec one =
        new ECPrivateKeySpec(BigInteger.ONE, ((ECPrivateKey) keys.getPrivate()).getParams());
    KeyPair small =
        new KeyPair(keys.getPublic(), KeyFactory.getInstance("EC").generatePrivate(one));
    assertThat(((ECPrivateKey) read(Pem.of(small)).getPrivate()).getS()).isOne();
  }
}
