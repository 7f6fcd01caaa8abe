// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.certificates;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequest;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/// Approves what kubelets ask for, their first certificate and the next ones, if whoever asks may
/// (`create` on `certificatesigningrequests/nodeclient` or `selfnodeclient`), and those of their
/// own doors (`selfnodeserver`) for addresses that are nobody else's.
public final class Approver implements Reconciler {
  private static final Duration PAUSE_MIN = Duration.ofMillis(200);
  private static final Duration PAUSE_MAX = Duration.ofSeconds(1_000);

  private final Informer<CertificateSigningRequest> requests;
  private final CertificateSigner signer;
  private final Api api;
  private final InstantSource clock;

  public Approver(
      Informer<CertificateSigningRequest> requests,
      CertificateSigner signer,
      Api api,
      InstantSource clock) {
    this.requests = requests;
    this.signer = signer;
    this.api = api;
    this.clock = clock;
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable CertificateSigningRequest request = requests.get("", key.name());
    if (request == null
        || Requests.isIssued(request)
        || Requests.has(request, Requests.APPROVED)
        || Requests.has(request, Requests.DENIED)) {
      return Result.DONE;
    }
    return switch (request.getSpec().getSignerName()) {
      case Checks.KUBELET_CLIENT -> client(request);
      case Checks.KUBELET_SERVING -> serving(request);
      default -> Result.DONE;
    };
  }

  private Result client(CertificateSigningRequest request) {
    CertificateSigner.Asked asked = signer.read(Requests.pem(request.getSpec().getRequest()));
    if (Checks.kubeletClient(asked, request.getSpec().getUsages()).isPresent()) {
      return Result.DONE;
    }
    boolean isOwn = asked.commonName().equals(request.getSpec().getUsername());
    if (isOwn && may(request, "selfnodeclient")) {
      approve(request, "Auto approving self kubelet client certificate after SubjectAccessReview.");
    } else if (may(request, "nodeclient")
        && NodeNames.mayTake(
            asked.commonName(), request.getSpec().getGroups(), () -> api.list(Node.class, ""))) {
      approve(request, "Auto approving kubelet client certificate after SubjectAccessReview.");
    } else {
      return Result.after(pause(request));
    }
    return Result.DONE;
  }

  /// Kubernetes leaves these to a person, and so does a cluster that no node has been invited to:
  /// only then may nodes, and this controller too.
  private Result serving(CertificateSigningRequest request) {
    CertificateSigner.Asked asked = signer.read(Requests.pem(request.getSpec().getRequest()));
    if (Checks.refusal(Checks.KUBELET_SERVING, asked, request.getSpec().getUsages()).isPresent()
        || !asked.commonName().equals(request.getSpec().getUsername())
        || !may(request, "selfnodeserver")) {
      return Result.DONE;
    }
    if (!ServingAddresses.areOwn(asked, api.list(Node.class, ""), api.list(Service.class, ""))) {
      return Result.after(pause(request));
    }
    approve(request, "Auto approving kubelet serving certificate for the node's own addresses.");
    return Result.DONE;
  }

  /// Whoever may not now may be given the right; the pause doubles with each look.
  private Duration pause(CertificateSigningRequest request) {
    Duration age =
        Duration.between(
            Instant.parse(request.getMetadata().getCreationTimestamp()), clock.instant());
    return age.compareTo(PAUSE_MIN) < 0
        ? PAUSE_MIN
        : age.compareTo(PAUSE_MAX) > 0 ? PAUSE_MAX : age;
  }

  private boolean may(CertificateSigningRequest request, String what) {
    ObjectNode review =
        Api.object()
            .put("kind", "SubjectAccessReview")
            .put("apiVersion", "authorization.k8s.io/v1");
    ObjectNode spec = review.putObject("spec");
    spec.put("user", request.getSpec().getUsername()).put("uid", request.getSpec().getUid());
    spec.set("groups", api.toTree(request.getSpec().getGroups()));
    spec.set("extra", api.toTree(request.getSpec().getExtra()));
    spec.putObject("resourceAttributes")
        .put("group", "certificates.k8s.io")
        .put("version", "*")
        .put("resource", "certificatesigningrequests")
        .put("subresource", what)
        .put("verb", "create");
    return api.create("/apis/authorization.k8s.io/v1/subjectaccessreviews", review.toString())
        .path("status")
        .path("allowed")
        .asBoolean();
  }

  private void approve(CertificateSigningRequest request, String message) {
    ObjectNode approved = (ObjectNode) api.toTree(request);
    approved
        .withObjectProperty("status")
        .withArrayProperty("conditions")
        .addObject()
        .put("type", Requests.APPROVED)
        .put("status", "True")
        .put("reason", "AutoApproved")
        .put("message", message);
    api.update(
        Api.path(CertificateSigningRequest.class, "", request.getMetadata().getName())
            + "/approval",
        approved);
  }
}
