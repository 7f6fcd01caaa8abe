// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.encryption;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.IvParameterSpec;

/// AES-CBC with PKCS #7 padding: a random vector of 16 bytes, then ciphertext. It does not tell
/// when somebody has changed a value; it is here because Kubernetes has it.
record AesCbc(String prefix, SecretKey key, SecureRandom random) implements Provider {
  private static final int BLOCK_BYTES = 16;

  @Override
  public byte[] encrypt(byte[] value, byte[] context) throws GeneralSecurityException {
    byte[] vector = new byte[BLOCK_BYTES];
    random.nextBytes(vector);
    byte[] sealed = cipher(Cipher.ENCRYPT_MODE, vector).doFinal(value);
    return ByteBuffer.allocate(BLOCK_BYTES + sealed.length).put(vector).put(sealed).array();
  }

  @Override
  public Plain decrypt(byte[] sealed, byte[] context) throws GeneralSecurityException {
    if (sealed.length < 2 * BLOCK_BYTES) {
      throw new GeneralSecurityException("too short");
    }
    byte[] vector = java.util.Arrays.copyOf(sealed, BLOCK_BYTES);
    byte[] value =
        cipher(Cipher.DECRYPT_MODE, vector)
            .doFinal(sealed, BLOCK_BYTES, sealed.length - BLOCK_BYTES);
    return new Plain(value, prefix);
  }

  private Cipher cipher(int mode, byte[] vector) throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/CBC/PKCS5Padding");
    cipher.init(mode, key, new IvParameterSpec(vector));
    return cipher;
  }
}
