// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.encryption;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;

/// AES-GCM (NIST SP 800-38D): a random nonce of 12 bytes, then ciphertext and tag; bound to the
/// object's key in the store. With random nonces a key should encrypt no more than 2³² values.
record AesGcm(String prefix, SecretKey key, SecureRandom random) implements Provider {
  private static final int NONCE_BYTES = 12;
  private static final int TAG_BITS = 128;

  @Override
  public byte[] encrypt(byte[] value, byte[] context) throws GeneralSecurityException {
    byte[] nonce = new byte[NONCE_BYTES];
    random.nextBytes(nonce);
    byte[] sealed = cipher(Cipher.ENCRYPT_MODE, nonce, context).doFinal(value);
    return ByteBuffer.allocate(NONCE_BYTES + sealed.length).put(nonce).put(sealed).array();
  }

  @Override
  public Plain decrypt(byte[] sealed, byte[] context) throws GeneralSecurityException {
    if (sealed.length < NONCE_BYTES) {
      throw new AEADBadTagException("too short");
    }
    byte[] nonce = java.util.Arrays.copyOf(sealed, NONCE_BYTES);
    byte[] value =
        cipher(Cipher.DECRYPT_MODE, nonce, context)
            .doFinal(sealed, NONCE_BYTES, sealed.length - NONCE_BYTES);
    return new Plain(value, prefix);
  }

  private Cipher cipher(int mode, byte[] nonce, byte[] context) throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
    cipher.updateAAD(context);
    return cipher;
  }
}
