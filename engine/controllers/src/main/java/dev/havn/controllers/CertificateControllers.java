// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers;

import dev.havn.controllers.certificates.Approver;
import dev.havn.controllers.certificates.CertificateSigner;
import dev.havn.controllers.certificates.Cleaner;
import dev.havn.controllers.certificates.SigningReconciler;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequest;

/// What answers requests for certificates.
record CertificateControllers(Wiring wiring) {
  void add(CertificateSigner signer) {
    Informer<CertificateSigningRequest> requests =
        wiring.informers().of(CertificateSigningRequest.class);
    Api api = wiring.api("certificate-controller");
    Wiring.watch(
        requests,
        wiring.add(
            "csrapproving", new Approver(requests, signer, api, wiring.clock()), 1, requests));
    Wiring.watch(
        requests,
        wiring.add(
            "csrsigning",
            new SigningReconciler(
                requests, signer, api, wiring.clock(), wiring.options().certificates()),
            1,
            requests));
    Wiring.watch(
        requests,
        wiring.add("csrcleaner", new Cleaner(requests, api, wiring.clock()), 1, requests));
  }
}
