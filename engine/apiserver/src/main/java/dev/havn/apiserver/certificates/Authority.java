// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.certificates;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// A certificate authority in a folder: `ca.crt`, `ca.key`, and one pair of files for each identity
/// it has issued. P-256 keys; a certificate that is near its end, or not yet valid because the
/// clock went back, is issued anew when it is next asked for.
public final class Authority {
  private static final Duration AUTHORITY_LIFETIME = Duration.ofDays(3_650);
  private static final Duration LIFETIME = Duration.ofDays(365);
  private static final Duration RENEW_BEFORE = Duration.ofDays(30);
  private static final Duration BACKDATE = Duration.ofHours(1);

  private final Path folder;
  private final InstantSource clock;
  private final SecureRandom random;
  private final Identity own;

  /// A key with its certificate.
  public record Identity(KeyPair keys, X509Certificate certificate) {}

  private Authority(Path folder, String subject, InstantSource clock, SecureRandom random)
      throws IOException, GeneralSecurityException {
    this.folder = folder;
    this.clock = clock;
    this.random = random;
    @Nullable Identity known = read("ca");
    if (known == null) {
      KeyPair keys = newKeys();
      known = new Identity(keys, authority(subject, keys));
      write("ca", known);
    } else if (!isFresh(known)) {
      // With the same key and name, so that whoever has this certificate trusts what it signs.
      KeyPair keys = known.keys();
      known = new Identity(keys, authority(subject, keys));
      write("ca", known);
    }
    this.own = known;
  }

  private X509Certificate authority(String subject, KeyPair keys) throws GeneralSecurityException {
    return issue(subject, keys, keys, subject, Issuer.Purpose.AUTHORITY, Issuer.Holder.NAMELESS);
  }

  /// Opens or makes the authority in a folder that only its owner may read.
  ///
  /// @throws IOException when the folder cannot be used or holds something else
  public static Authority open(Path folder, InstantSource clock, SecureRandom random)
      throws IOException {
    return open(folder, "havn-ca", clock, random);
  }

  /// The same with another common name.
  public static Authority open(Path folder, String name, InstantSource clock, SecureRandom random)
      throws IOException {
    try {
      Files.createDirectories(
          folder,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      return new Authority(folder, "CN=" + name, clock, random);
    } catch (GeneralSecurityException e) {
      throw new IOException("certificates in " + folder + ": " + e.getMessage(), e);
    }
  }

  public X509Certificate certificate() {
    return own.certificate();
  }

  /// The server's identity for these names and addresses.
  public Identity server(List<String> names, List<String> addresses) throws IOException {
    return identity(
        "apiserver",
        "CN=kube-apiserver",
        Issuer.Purpose.SERVER,
        new Issuer.Holder(names, addresses));
  }

  /// A node's identity at its own door.
  public Identity node(String name, List<String> addresses) throws IOException {
    return identity(
        "node-" + name,
        "O=system:nodes,CN=system:node:" + name,
        Issuer.Purpose.SERVER,
        new Issuer.Holder(List.of(name), addresses));
  }

  /// A client's identity.
  ///
  /// @param file name of its files
  /// @param groups become organizations
  public Identity client(String file, String user, List<String> groups) throws IOException {
    StringBuilder subject = new StringBuilder();
    groups.forEach(group -> subject.append("O=").append(group).append(','));
    return identity(file, subject + "CN=" + user, Issuer.Purpose.CLIENT, Issuer.Holder.NAMELESS);
  }

  /// A key pair that is no certificate's, kept under a name.
  public KeyPair keys(String file) throws IOException {
    try {
      Optional<KeyPair> known =
          Pem.readKeys(folder.resolve(file + ".key"), folder.resolve(file + ".pub"));
      if (known.isPresent()) {
        return known.get();
      }
      KeyPair keys = newKeys();
      save(file + ".key", Pem.encode("PRIVATE KEY", keys.getPrivate().getEncoded()));
      save(file + ".pub", Pem.encode("PUBLIC KEY", keys.getPublic().getEncoded()));
      return keys;
    } catch (GeneralSecurityException e) {
      throw new IOException("key " + file + " in " + folder + ": " + e.getMessage(), e);
    }
  }

  /// What signs with its key for those that are not of this process.
  public RequestSigner requests() {
    return new RequestSigner(own.certificate(), own.keys().getPrivate(), random);
  }

  /// Whether the time of a certificate has begun and does not end soon.
  public boolean isFresh(Identity identity) {
    Instant now = clock.instant();
    return identity.certificate().getNotBefore().toInstant().isBefore(now)
        && identity.certificate().getNotAfter().toInstant().isAfter(now.plus(RENEW_BEFORE));
  }

  private Identity identity(
      String file, String subject, Issuer.Purpose purpose, Issuer.Holder holder)
      throws IOException {
    try {
      @Nullable Identity known = read(file);
      if (known != null && isFresh(known) && isFor(known.certificate(), holder)) {
        return known;
      }
      KeyPair keys = newKeys();
      String issuer = own.certificate().getSubjectX500Principal().getName();
      Identity fresh =
          new Identity(keys, issue(subject, keys, own.keys(), issuer, purpose, holder));
      write(file, fresh);
      return fresh;
    } catch (GeneralSecurityException e) {
      throw new IOException("certificate " + file + " in " + folder + ": " + e.getMessage(), e);
    }
  }

  private static boolean isFor(X509Certificate certificate, Issuer.Holder holder)
      throws IOException {
    Set<String> wanted = new HashSet<>(holder.names());
    for (String address : holder.addresses()) {
      wanted.add(InetAddress.getByName(address).getHostAddress());
    }
    return names(certificate).equals(wanted);
  }

  private static Set<String> names(X509Certificate certificate) {
    try {
      @Nullable Collection<List<?>> all = certificate.getSubjectAlternativeNames();
      return all == null
          ? Set.of()
          : all.stream().map(each -> each.get(1).toString()).collect(Collectors.toSet());
    } catch (GeneralSecurityException unreadable) {
      // One whose names cannot be read names nobody, so it is made anew.
      return Set.of();
    }
  }

  private KeyPair newKeys() throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"), random);
    return generator.generateKeyPair();
  }

  private X509Certificate issue(
      String subject,
      KeyPair keys,
      KeyPair signer,
      String issuer,
      Issuer.Purpose purpose,
      Issuer.Holder holder)
      throws GeneralSecurityException {
    Instant now = clock.instant();
    Duration lifetime = purpose == Issuer.Purpose.AUTHORITY ? AUTHORITY_LIFETIME : LIFETIME;
    return new Issuer(issuer, signer.getPrivate(), random)
        .issue(subject, keys.getPublic(), purpose, holder, now.minus(BACKDATE), now.plus(lifetime));
  }

  private @Nullable Identity read(String file) throws IOException, GeneralSecurityException {
    Path certificate = folder.resolve(file + ".crt");
    Path key = folder.resolve(file + ".key");
    if (!Files.exists(certificate) || !Files.exists(key)) {
      return null;
    }
    X509Certificate parsed = Pem.certificate(Files.readString(certificate));
    return new Identity(
        new KeyPair(parsed.getPublicKey(), Pem.privateKey(Files.readString(key))), parsed);
  }

  private void write(String file, Identity identity) throws IOException, GeneralSecurityException {
    save(file + ".key", Pem.encode("PRIVATE KEY", identity.keys().getPrivate().getEncoded()));
    save(file + ".crt", Pem.encode("CERTIFICATE", identity.certificate().getEncoded()));
  }

  /// Writes a file that only its owner reads, all of it or not at all.
  private void save(String name, String content) throws IOException {
    Path fresh =
        Files.createTempFile(
            folder,
            name,
            ".new",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(fresh, content);
    Files.move(fresh, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
  }
}
