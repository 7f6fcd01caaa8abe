// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.certificates;

import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequest;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequestCondition;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Forgets requests: an hour after they were answered, a day after nobody answered, and when what
/// they brought has expired.
public final class Cleaner implements Reconciler {
  private static final Duration ANSWERED = Duration.ofHours(1);
  private static final Duration PENDING = Duration.ofHours(24);

  private final Informer<CertificateSigningRequest> requests;
  private final Api api;
  private final InstantSource clock;

  public Cleaner(Informer<CertificateSigningRequest> requests, Api api, InstantSource clock) {
    this.requests = requests;
    this.api = api;
    this.clock = clock;
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable CertificateSigningRequest request = requests.get("", key.name());
    if (request == null) {
      return Result.DONE;
    }
    Optional<Instant> end = end(request);
    if (end.isEmpty()) {
      return Result.DONE;
    }
    Duration left = Duration.between(clock.instant(), end.get());
    if (!left.isNegative()) {
      return Result.atTime(left.plusMillis(1));
    }
    api.delete(Api.path(CertificateSigningRequest.class, "", key.name()), Api.object());
    return Result.DONE;
  }

  /// The moment after which a request is forgotten.
  static Optional<Instant> end(CertificateSigningRequest request) {
    if (Requests.conditions(request).isEmpty()) {
      return Optional.of(Instant.parse(request.getMetadata().getCreationTimestamp()).plus(PENDING));
    }
    boolean isIssued = Requests.isIssued(request);
    Stream<Instant> ends =
        Requests.conditions(request).stream()
            .map(condition -> since(condition, isIssued))
            .filter(Objects::nonNull);
    return Stream.concat(ends, expiry(request).stream()).min(Instant::compareTo);
  }

  private static @Nullable Instant since(
      CertificateSigningRequestCondition condition, boolean isIssued) {
    @Nullable String told = condition.getLastUpdateTime();
    if (told == null) {
      return null;
    }
    return switch (condition.getType()) {
      case Requests.DENIED, Requests.FAILED -> Instant.parse(told).plus(ANSWERED);
      case Requests.APPROVED -> Instant.parse(told).plus(isIssued ? ANSWERED : PENDING);
      default -> null;
    };
  }

  private static Optional<Instant> expiry(CertificateSigningRequest request) {
    if (!Requests.isIssued(request) || !Requests.has(request, Requests.APPROVED)) {
      return Optional.empty();
    }
    byte[] pem =
        Requests.pem(request.getStatus().getCertificate()).getBytes(StandardCharsets.US_ASCII);
    try {
      X509Certificate certificate =
          (X509Certificate)
              CertificateFactory.getInstance("X.509")
                  .generateCertificate(new ByteArrayInputStream(pem));
      return Optional.of(certificate.getNotAfter().toInstant());
    } catch (CertificateException unreadable) {
      // Signers of others issue what they like; such a request goes by its age.
      return Optional.empty();
    }
  }
}
