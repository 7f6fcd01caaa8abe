// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.encryption;

import dev.havn.store.Sealing;
import dev.havn.store.StoreException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Encrypts objects on their way to disk or etcd, as a file of the kind `EncryptionConfiguration`
/// (`apiserver.config.k8s.io/v1`) says: of the first rule for a resource the first provider writes
/// and all read. The file is looked at every minute; a wrong one is refused and the old one stays.
public final class EncryptionAtRest implements Sealing {
  private static final Logger LOG = LoggerFactory.getLogger(EncryptionAtRest.class);
  private static final Duration LOOK_EVERY = Duration.ofMinutes(1);
  private static final byte[] ENCRYPTED = Provider.ENCRYPTED.getBytes(StandardCharsets.UTF_8);
  private static final int SHOWN_PREFIX_BYTES = 64;

  private final Path file;
  private final InstantSource clock;
  private final SecureRandom random;
  private final ScheduledExecutorService executor;
  private volatile Rules rules;

  private record Rules(String text, List<Rule> list) {}

  /// @param providers at least one
  record Rule(List<ResourcePattern> resources, List<Provider> providers) {
    boolean isFor(String group, String plural) {
      return resources.stream().anyMatch(each -> each.matches(group, plural));
    }
  }

  private EncryptionAtRest(
      Path file, InstantSource clock, SecureRandom random, ScheduledExecutorService executor)
      throws IOException {
    this.clock = clock;
    this.file = file;
    this.random = random;
    this.executor = executor;
    this.rules = read(Files.readString(file));
    lookAgain();
  }

  /// @throws StoreException when the file cannot be read or is wrong
  public static EncryptionAtRest open(
      Path file, InstantSource clock, SecureRandom random, ScheduledExecutorService executor) {
    try {
      return new EncryptionAtRest(file, clock, random, executor);
    } catch (IOException e) {
      throw new StoreException("encryption configuration " + file + " cannot be read: " + e, e);
    } catch (IllegalArgumentException e) {
      throw new StoreException("encryption configuration " + file + ": " + e.getMessage(), e);
    }
  }

  /// Keeps values as they are, and says of an encrypted one that its key is missing.
  public static Sealing unconfigured() {
    return new Unconfigured();
  }

  private record Unconfigured() implements Sealing {
    @Override
    public Sealed seal(String key, byte[] value) {
      return Sealing.NONE.seal(key, value);
    }

    @Override
    public Opened open(String key, byte[] kept) {
      if (startsWith(kept, ENCRYPTED)) {
        throw unnamed(key, kept);
      }
      return Sealing.NONE.open(key, kept);
    }

    @Override
    public boolean isCurrent(String key, String by) {
      return by.isEmpty();
    }
  }

  private static StoreException unnamed(String key, byte[] kept) {
    return new StoreException(
        "%s is encrypted with %s, which the encryption configuration does not name"
            .formatted(key, shownPrefix(kept)),
        null);
  }

  private Rules read(String text) {
    return new Rules(text, new EncryptionFile(clock, random).parse(text));
  }

  private void lookAgain() {
    try {
      var unused = executor.schedule(this::look, LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException closing) {
      LOG.debug("{} is not looked at any more", file);
    }
  }

  private void look() {
    try {
      reload();
    } finally {
      lookAgain();
    }
  }

  /// Takes the file as it is now, if it is another and right.
  void reload() {
    try {
      String text = Files.readString(file);
      if (!text.equals(rules.text())) {
        Rules before = rules;
        rules = read(text);
        before.list().forEach(EncryptionAtRest::close);
        LOG.info("{} has changed and is taken", file);
      }
    } catch (IOException | IllegalArgumentException e) {
      LOG.error("{} is not taken, what it said before holds: {}", file, e.getMessage());
    }
  }

  private static void close(Rule rule) {
    for (Provider each : rule.providers()) {
      if (each instanceof KeyService service) {
        service.close();
      }
    }
  }

  private @Nullable Rule rule(String key) {
    String[] parts = key.split("/", 5);
    if (parts.length < 4) {
      return null;
    }
    String group = parts[2].equals("core") ? "" : parts[2];
    for (Rule each : rules.list()) {
      if (each.isFor(group, parts[3])) {
        return each;
      }
    }
    return null;
  }

  @Override
  public Sealed seal(String key, byte[] value) {
    @Nullable Rule rule = rule(key);
    if (rule == null) {
      return new Sealed(value, "");
    }
    Provider provider = rule.providers().getFirst();
    try {
      byte[] sealed = provider.encrypt(value, key.getBytes(StandardCharsets.UTF_8));
      byte[] prefix = provider.prefix().getBytes(StandardCharsets.UTF_8);
      byte[] bytes =
          ByteBuffer.allocate(prefix.length + sealed.length).put(prefix).put(sealed).array();
      return new Sealed(bytes, provider.by());
    } catch (GeneralSecurityException e) {
      throw new StoreException(
          "%s cannot be encrypted with %s: %s".formatted(key, provider.prefix(), e.getMessage()),
          e);
    }
  }

  @Override
  public Opened open(String key, byte[] kept) {
    boolean encrypted = startsWith(kept, ENCRYPTED);
    @Nullable Rule rule = rule(key);
    if (rule == null && !encrypted) {
      return new Opened(kept, "");
    }
    for (Provider each : rule == null ? List.<Provider>of() : rule.providers()) {
      byte[] prefix = each.prefix().getBytes(StandardCharsets.UTF_8);
      boolean fits = prefix.length == 0 ? !encrypted : startsWith(kept, prefix);
      if (fits) {
        return open(each, key, Arrays.copyOfRange(kept, prefix.length, kept.length));
      }
    }
    if (encrypted) {
      throw unnamed(key, kept);
    }
    throw new StoreException(
        key + " is not encrypted, and the encryption configuration has no identity for it", null);
  }

  private static Opened open(Provider provider, String key, byte[] sealed) {
    try {
      Provider.Plain plain = provider.decrypt(sealed, key.getBytes(StandardCharsets.UTF_8));
      return new Opened(plain.value(), plain.by());
    } catch (GeneralSecurityException e) {
      throw new StoreException(
          "%s cannot be decrypted with %s: %s".formatted(key, provider.prefix(), e.getMessage()),
          e);
    }
  }

  private static boolean startsWith(byte[] bytes, byte[] prefix) {
    return bytes.length >= prefix.length
        && Arrays.equals(bytes, 0, prefix.length, prefix, 0, prefix.length);
  }

  /// `k8s:enc:aesgcm:v1:key1:` of what begins so.
  private static String shownPrefix(byte[] kept) {
    String head =
        new String(kept, 0, Math.min(kept.length, SHOWN_PREFIX_BYTES), StandardCharsets.ISO_8859_1);
    return head.replaceAll("(?s)^((?:[!-9;-~]*:){5}).*", "$1").replaceAll("[^!-~]", "?");
  }

  @Override
  public boolean isCurrent(String key, String by) {
    @Nullable Rule rule = rule(key);
    return (rule == null ? "" : rule.providers().getFirst().by()).equals(by);
  }
}
