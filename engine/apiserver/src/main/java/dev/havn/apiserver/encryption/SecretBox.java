// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.encryption;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import org.bouncycastle.crypto.engines.XSalsa20Engine;
import org.bouncycastle.crypto.macs.Poly1305;
import org.bouncycastle.crypto.params.KeyParameter;
import org.bouncycastle.crypto.params.ParametersWithIV;

/// NaCl's secretbox (Bernstein, *Cryptography in NaCl*, section 9): XSalsa20 and Poly1305 from
/// Bouncy Castle. A random nonce of 24 bytes, a tag of 16, then ciphertext.
record SecretBox(String prefix, byte[] key, SecureRandom random) implements Provider {
  private static final int NONCE_BYTES = 24;
  private static final int TAG_BYTES = 16;

  /// The first bytes of the key stream are the key of the tag.
  private static final int TAG_KEY_BYTES = 32;

  private static final int HEAD_BYTES = NONCE_BYTES + TAG_BYTES;

  @Override
  public byte[] encrypt(byte[] value, byte[] context) {
    byte[] nonce = new byte[NONCE_BYTES];
    random.nextBytes(nonce);
    XSalsa20Engine stream = stream(true, nonce);
    byte[] tagKey = tagKey(stream);
    byte[] sealed = Arrays.copyOf(nonce, HEAD_BYTES + value.length);
    stream.processBytes(value, 0, value.length, sealed, HEAD_BYTES);
    System.arraycopy(tag(tagKey, sealed), 0, sealed, NONCE_BYTES, TAG_BYTES);
    return sealed;
  }

  @Override
  public Plain decrypt(byte[] sealed, byte[] context) throws GeneralSecurityException {
    if (sealed.length < HEAD_BYTES) {
      throw new GeneralSecurityException("too short");
    }
    XSalsa20Engine stream = stream(false, Arrays.copyOf(sealed, NONCE_BYTES));
    byte[] expected = tag(tagKey(stream), sealed);
    byte[] found = Arrays.copyOfRange(sealed, NONCE_BYTES, HEAD_BYTES);
    if (!MessageDigest.isEqual(expected, found)) {
      throw new GeneralSecurityException("another key, or changed");
    }
    byte[] value = new byte[sealed.length - HEAD_BYTES];
    stream.processBytes(sealed, HEAD_BYTES, value.length, value, 0);
    return new Plain(value, prefix);
  }

  private XSalsa20Engine stream(boolean encrypts, byte[] nonce) {
    XSalsa20Engine stream = new XSalsa20Engine();
    stream.init(encrypts, new ParametersWithIV(new KeyParameter(key), nonce));
    return stream;
  }

  private static byte[] tagKey(XSalsa20Engine stream) {
    byte[] tagKey = new byte[TAG_KEY_BYTES];
    stream.processBytes(tagKey, 0, TAG_KEY_BYTES, tagKey, 0);
    return tagKey;
  }

  private static byte[] tag(byte[] tagKey, byte[] sealed) {
    Poly1305 poly = new Poly1305();
    poly.init(new KeyParameter(tagKey));
    poly.update(sealed, HEAD_BYTES, sealed.length - HEAD_BYTES);
    byte[] tag = new byte[TAG_BYTES];
    poly.doFinal(tag, 0);
    return tag;
  }
}
