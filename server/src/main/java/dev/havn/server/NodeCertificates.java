// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.certificates.Authority;
import dev.havn.apiserver.certificates.Pem;
import dev.havn.apiserver.certificates.RequestedIdentity;
import dev.havn.reconcile.Api;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// The certificates of a node that has joined: one as a client of the API, one for its own door.
/// Both are asked for as a kubelet does, and again when most of their time is over.
final class NodeCertificates {
  private static final String REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
  private static final int LOOKS_MAX = 150;
  private static final long LOOK_EVERY_MILLIS = 200;

  /// Of its time, after which another one is asked for.
  private static final double USED_MAX = 0.8;

  private final Path folder;
  private final InstantSource clock;
  private final SecureRandom random;

  /// What a certificate is for.
  enum Purpose {
    CLIENT("kubernetes.io/kube-apiserver-client-kubelet", "client auth"),
    SERVING("kubernetes.io/kubelet-serving", "server auth");

    private final String signer;
    private final String usage;

    Purpose(String signer, String usage) {
      this.signer = signer;
      this.usage = usage;
    }
  }

  NodeCertificates(Path directory, InstantSource clock, SecureRandom random) throws IOException {
    this.folder = directory.resolve("certificates");
    this.clock = clock;
    this.random = random;
    Files.createDirectories(
        folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
  }

  private RequestedIdentity file(Purpose purpose) {
    return new RequestedIdentity(
        folder.resolve(purpose == Purpose.CLIENT ? "client.pem" : "serving.pem"), random);
  }

  void keepAuthority(X509Certificate authority) throws IOException {
    Files.writeString(folder.resolve("ca.crt"), Pem.of(authority));
  }

  X509Certificate authority() throws IOException {
    try {
      return Pem.certificate(Files.readString(folder.resolve("ca.crt")));
    } catch (GeneralSecurityException e) {
      throw new IOException(folder.resolve("ca.crt") + ": " + e.getMessage(), e);
    }
  }

  Optional<Authority.Identity> read(Purpose purpose) throws IOException {
    return file(purpose).read();
  }

  /// Whether it is time for another one.
  boolean isDue(Authority.Identity identity) {
    Instant from = identity.certificate().getNotBefore().toInstant();
    Instant end = identity.certificate().getNotAfter().toInstant();
    long millis = (long) (Duration.between(from, end).toMillis() * USED_MAX);
    return clock.instant().isAfter(from.plusMillis(millis));
  }

  /// Asks for one, waits for it and keeps it.
  ///
  /// @param address for which it is, empty for a client's
  /// @throws IOException when it is refused or nobody answers in time
  Authority.Identity request(Api api, Purpose purpose, String node, String address)
      throws IOException {
    RequestedIdentity file = file(purpose);
    KeyPair keys = file.newKeys();
    String pem = RequestedIdentity.request(keys, "system:nodes", "system:node:" + node, address);
    ObjectNode request =
        Api.object()
            .put("kind", "CertificateSigningRequest")
            .put("apiVersion", "certificates.k8s.io/v1");
    request.putObject("metadata").put("generateName", "node-csr-");
    ObjectNode spec = request.putObject("spec").put("signerName", purpose.signer);
    spec.put(
        "request", Base64.getEncoder().encodeToString(pem.getBytes(StandardCharsets.US_ASCII)));
    spec.putArray("usages").add("digital signature").add(purpose.usage);
    String name = api.create(REQUESTS, request.toString()).path("metadata").path("name").asText();
    return file.keep(keys, await(api, name, purpose));
  }

  private static String await(Api api, String name, Purpose purpose) throws IOException {
    CountDownLatch never = new CountDownLatch(1);
    for (int look = 0; look < LOOKS_MAX; look++) {
      JsonNode status = api.get(REQUESTS + "/" + name).path("status");
      String issued = status.path("certificate").asText("");
      if (!issued.isEmpty()) {
        return new String(Base64.getDecoder().decode(issued), StandardCharsets.US_ASCII);
      }
      for (JsonNode each : status.path("conditions")) {
        if (!each.path("type").asText().equals("Approved")) {
          throw new IOException(
              "request %s for a certificate: %s: %s"
                  .formatted(name, each.path("type").asText(), each.path("message").asText()));
        }
      }
      try {
        boolean unused = never.await(LOOK_EVERY_MILLIS, TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted while a certificate was waited for", e);
      }
    }
    throw new IOException(
        "nobody has approved request %s for a certificate (%s): `kubectl certificate approve %s` does"
            .formatted(name, purpose.signer, name));
  }
}
