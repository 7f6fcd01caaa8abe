// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.certificates;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequest;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Signs what was approved for one of Kubernetes' own signers, or says why it does not.
public final class SigningReconciler implements Reconciler {
  private final Informer<CertificateSigningRequest> requests;
  private final CertificateSigner signer;
  private final Api api;
  private final InstantSource clock;
  private final Duration longest;

  /// @param longest for which a certificate is given
  public SigningReconciler(
      Informer<CertificateSigningRequest> requests,
      CertificateSigner signer,
      Api api,
      InstantSource clock,
      Duration longest) {
    this.requests = requests;
    this.signer = signer;
    this.api = api;
    this.clock = clock;
    this.longest = longest;
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable CertificateSigningRequest request = requests.get("", key.name());
    if (request != null && isDue(request)) {
      answer(request);
    }
    return Result.DONE;
  }

  private static boolean isDue(CertificateSigningRequest request) {
    return !Requests.isIssued(request)
        && Requests.has(request, Requests.APPROVED)
        && !Requests.has(request, Requests.DENIED)
        && Requests.conditions(request, Requests.FAILED)
            .noneMatch(each -> each.getStatus() == null || "True".equals(each.getStatus()))
        && Checks.SIGNERS.contains(request.getSpec().getSignerName());
  }

  private void answer(CertificateSigningRequest request) {
    String pem = Requests.pem(request.getSpec().getRequest());
    Instant now = clock.instant().truncatedTo(ChronoUnit.SECONDS);
    Optional<String> refusal =
        Checks.refusal(
            request.getSpec().getSignerName(), signer.read(pem), request.getSpec().getUsages());
    ObjectNode status =
        request.getStatus() == null ? Api.object() : (ObjectNode) api.toTree(request.getStatus());
    if (refusal.isPresent()) {
      status
          .withArrayProperty("conditions")
          .addObject()
          .put("type", Requests.FAILED)
          .put("status", "True")
          .put("reason", "SignerValidationFailure")
          .put("message", refusal.get())
          .put("lastUpdateTime", now.toString());
    } else {
      Validity validity =
          Validity.of(now, request.getSpec().getExpirationSeconds(), longest, signer.end());
      String certificate =
          signer.sign(pem, request.getSpec().getUsages(), validity.from(), validity.until());
      status.put("certificate", Requests.base64(certificate));
    }
    api.updateStatus(request, status);
  }
}
