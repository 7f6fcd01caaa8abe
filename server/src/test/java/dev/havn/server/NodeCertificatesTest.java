// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.apiserver.certificates.Authority;
import dev.havn.server.NodeCertificates.Purpose;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// When a node that has joined asks for its next certificate, and what it shows then.
class NodeCertificatesTest {
  private static final String REQUEST =
      "POST /apis/certificates.k8s.io/v1/certificatesigningrequests";

  @TempDir private Path folder;
  private final AtomicBoolean refuses = new AtomicBoolean();
  private EmbeddedCluster cluster;
  private RefusingApi api;
  private NodeCertificates certificates;

  @BeforeEach
  void start() throws IOException {
    cluster = EmbeddedCluster.start(1);
    api = new RefusingApi(cluster, this::isRefused);
    certificates = new NodeCertificates(folder, cluster.time(), new SecureRandom());
  }

  @AfterEach
  void close() {
    api.close();
    cluster.close();
  }

  /// Requests are approved and signed while their node looks at them.
  private boolean isRefused(String line) {
    if (line.startsWith("GET ")) {
      cluster.settle();
    }
    return refuses.get() && line.startsWith(REQUEST);
  }

  private RenewedCertificate first() throws IOException {
    Authority.Identity identity = certificates.request(api.api(), Purpose.CLIENT, "far", "");
    return new RenewedCertificate(certificates, Purpose.CLIENT, "far", "", identity);
  }

  private static Instant end(Authority.Identity identity) {
    return identity.certificate().getNotAfter().toInstant();
  }

  private long requests() {
    return api.asked().stream().filter(each -> each.startsWith(REQUEST)).count();
  }

  /// Goes to a part of a certificate's time, and through one look after it.
  private void go(Authority.Identity identity, double part) {
    Instant from = identity.certificate().getNotBefore().toInstant();
    Duration all = Duration.between(from, end(identity));
    Instant then = from.plusMillis((long) (all.toMillis() * part));
    cluster.time().jump(Duration.between(cluster.time().instant(), then));
    cluster.advance(CertificateWatch.LOOK_EVERY);
  }

  @Test
  void aCertificateIsReplacedWhenFourFifthsOfItsTimeAreOver() throws IOException {
    RenewedCertificate certificate = first();
    Authority.Identity old = certificate.identity();
    new CertificateWatch(cluster.time(), () -> certificate.renew(api.api())).look();
    go(old, 0.79);
    assertThat(certificate.identity()).isSameAs(old);
    assertThat(requests()).isEqualTo(1);
    go(old, 0.801);
    Authority.Identity fresh = certificate.identity();
    assertThat(requests()).isEqualTo(2);
    assertThat(end(fresh)).isAfter(end(old));
    assertThat(fresh.keys().getPublic()).isNotEqualTo(old.keys().getPublic());
    assertThat(fresh.certificate().getSubjectX500Principal())
        .isEqualTo(old.certificate().getSubjectX500Principal());
    assertThat(certificates.read(Purpose.CLIENT).orElseThrow().certificate())
        .as("what the next start finds")
        .isEqualTo(fresh.certificate());
    go(fresh, 0.79);
    assertThat(certificate.identity()).isSameAs(fresh);
    go(fresh, 0.801);
    assertThat(end(certificate.identity())).isAfter(end(fresh));
    assertThat(requests()).isEqualTo(3);
  }

  @Test
  void oneThatIsRefusedIsAskedForAgainAndKeepsNoOtherFromBeingRenewed() throws IOException {
    RenewedCertificate certificate = first();
    Authority.Identity old = certificate.identity();
    AtomicInteger others = new AtomicInteger();
    new CertificateWatch(
            cluster.time(), () -> certificate.renew(api.api()), others::incrementAndGet)
        .look();
    refuses.set(true);
    go(old, 0.9);
    assertThat(certificate.identity()).isSameAs(old);
    assertThat(certificates.read(Purpose.CLIENT).orElseThrow().certificate())
        .isEqualTo(old.certificate());
    int looks = others.get();
    assertThat(looks).isGreaterThan(1);
    long asked = requests();
    assertThat(asked).isGreaterThan(1);
    refuses.set(false);
    cluster.advance(CertificateWatch.LOOK_EVERY);
    assertThat(end(certificate.identity())).isAfter(end(old));
    assertThat(requests()).isEqualTo(asked + 1);
    assertThat(others).hasValue(looks + 1);
  }

  @Test
  void noFailureOfAnyKindEndsTheLooking() {
    AtomicInteger looks = new AtomicInteger();
    new CertificateWatch(
            cluster.time(),
            () -> {
              looks.incrementAndGet();
              throw new IllegalStateException("a failure that nobody has thought of");
            },
            looks::incrementAndGet)
        .look();
    assertThat(looks).hasValue(2);
    cluster.advance(CertificateWatch.LOOK_EVERY);
    assertThat(looks).hasValue(4);
  }

  @Test
  void oneThatCannotBeShownIsTriedAgain() throws IOException {
    RenewedCertificate certificate = first();
    Authority.Identity old = certificate.identity();
    AtomicReference<Authority.Identity> shown = new AtomicReference<>(old);
    AtomicBoolean isStuck = new AtomicBoolean(true);
    RenewedCertificate.Door door =
        next -> {
          if (isStuck.get()) {
            throw new IOException("the door cannot be reached");
          }
          shown.set(next);
        };
    new CertificateWatch(cluster.time(), () -> certificate.renew(api.api(), door)).look();
    go(old, 0.801);
    assertThat(requests()).isGreaterThan(1);
    assertThat(certificate.identity()).as("what the door still shows").isSameAs(old);
    isStuck.set(false);
    cluster.advance(CertificateWatch.LOOK_EVERY);
    assertThat(end(shown.get())).isAfter(end(old));
    assertThat(certificate.identity()).isSameAs(shown.get());
  }
}
