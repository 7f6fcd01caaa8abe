// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.encryption;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.StatusRuntimeException;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.crypto.KDF;
import javax.crypto.SecretKey;
import javax.crypto.spec.HKDFParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/// A key service (KEP-3299, KMS version 2): it encrypts a seed for us once, and each value is
/// encrypted here with a key that HKDF (RFC 5869) makes from the seed and 32 random bytes. Stored
/// are, as the message `EncryptedObject`, those bytes with the AES-GCM ciphertext, the encrypted
/// seed, and which key of the service encrypted it. When the service takes another key, so do we.
final class KeyService implements Provider {
  private static final int SEED_BYTES = 32;
  private static final int INFO_BYTES = 32;
  private static final int KEY_BYTES = 32;
  private static final int SEEDS_MAX = 1_000;

  private final String prefix;
  private final SecureRandom random;
  private final KeyServiceConnection connection;

  /// Seeds that the service has decrypted, by their encrypted form.
  private final Map<ByteString, byte[]> seeds = new LinkedHashMap<>();

  private volatile @Nullable Current current;

  /// What seals now.
  ///
  /// @param by prefix and the service's key
  private record Current(byte[] seed, KeyServiceMessages.Encrypted encrypted, String by) {}

  KeyService(
      String prefix, String socket, Duration timeout, InstantSource clock, SecureRandom random) {
    this.prefix = prefix;
    this.random = random;
    this.connection = new KeyServiceConnection(socket, timeout, clock);
  }

  @Override
  public String prefix() {
    return prefix;
  }

  /// Asks the service which key it has, at most once a minute.
  @Override
  public String by() {
    try {
      return current().by();
    } catch (GeneralSecurityException e) {
      @Nullable Current known = current;
      return known == null ? prefix : known.by();
    }
  }

  private synchronized Current current() throws GeneralSecurityException {
    @Nullable Current known = current;
    try {
      if (known != null && known.encrypted().keyId().equals(connection.keyId())) {
        return known;
      }
      byte[] seed = new byte[SEED_BYTES];
      random.nextBytes(seed);
      KeyServiceMessages.Encrypted encrypted = connection.encrypt(seed);
      Current fresh = new Current(seed, encrypted, prefix + encrypted.keyId());
      remember(encrypted.ciphertext(), seed);
      current = fresh;
      return fresh;
    } catch (StatusRuntimeException | InvalidProtocolBufferException e) {
      if (known != null) {
        // The seed is here; that the service's key may be another is found when it answers again.
        return known;
      }
      throw new GeneralSecurityException("the key service does not answer: " + e.getMessage(), e);
    }
  }

  private void remember(ByteString encrypted, byte[] seed) {
    synchronized (seeds) {
      seeds.put(encrypted, seed);
      if (seeds.size() > SEEDS_MAX) {
        seeds.remove(seeds.keySet().iterator().next());
      }
    }
  }

  private byte[] seed(KeyServiceMessages.Stored stored) throws GeneralSecurityException {
    synchronized (seeds) {
      byte @Nullable [] known = seeds.get(stored.encrypted().ciphertext());
      if (known != null) {
        return known;
      }
    }
    try {
      byte[] seed = connection.decrypt(stored.encrypted());
      remember(stored.encrypted().ciphertext(), seed);
      return seed;
    } catch (StatusRuntimeException | InvalidProtocolBufferException e) {
      throw new GeneralSecurityException("the key service does not answer: " + e.getMessage(), e);
    }
  }

  @Override
  public byte[] encrypt(byte[] value, byte[] context) throws GeneralSecurityException {
    Current with = current();
    byte[] info = new byte[INFO_BYTES];
    random.nextBytes(info);
    byte[] sealed = cipher(with.seed(), info).encrypt(value, context);
    byte[] data = ByteBuffer.allocate(INFO_BYTES + sealed.length).put(info).put(sealed).array();
    return KeyServiceMessages.stored(data, with.encrypted());
  }

  @Override
  public Plain decrypt(byte[] sealed, byte[] context) throws GeneralSecurityException {
    KeyServiceMessages.Stored stored;
    try {
      stored = KeyServiceMessages.stored(sealed);
    } catch (java.io.IOException e) {
      throw new GeneralSecurityException("damaged: " + e.getMessage(), e);
    }
    byte[] data = stored.data();
    if (data.length < INFO_BYTES) {
      throw new GeneralSecurityException("too short");
    }
    byte[] info = Arrays.copyOf(data, INFO_BYTES);
    byte[] rest = Arrays.copyOfRange(data, INFO_BYTES, data.length);
    byte[] value = cipher(seed(stored), info).decrypt(rest, context).value();
    @Nullable Current known = current;
    String by = prefix + stored.encrypted().keyId();
    return new Plain(value, known != null && known.by().equals(by) ? known.by() : by);
  }

  private AesGcm cipher(byte[] seed, byte[] info) throws GeneralSecurityException {
    SecretKey key =
        KDF.getInstance("HKDF-SHA256")
            .deriveKey(
                "AES",
                HKDFParameterSpec.expandOnly(new SecretKeySpec(seed, "Generic"), info, KEY_BYTES));
    return new AesGcm(prefix, key, random);
  }

  void close() {
    connection.close();
  }
}
