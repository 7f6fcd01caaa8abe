// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.apiserver.certificates.CertificateRequest;
import dev.havn.apiserver.certificates.RequestSigner;
import dev.havn.controllers.certificates.CertificateSigner;
import java.time.Instant;
import java.util.List;
import java.util.function.Supplier;

/// Signs what the controllers approve with the key of the cluster's authority.
///
/// @param signer asked for when there is something to sign: a start loads nothing of the library
///   that it needs
/// @param end of the authority
record AuthoritySigner(Supplier<RequestSigner> signer, Instant end) implements CertificateSigner {
  @Override
  public Asked read(String request) {
    CertificateRequest asked = CertificateRequest.read(request);
    return new Asked(
        asked.organizations(),
        asked.commonName(),
        asked.dnsNames(),
        asked.addresses(),
        asked.emails(),
        asked.uris());
  }

  @Override
  public String sign(String request, List<String> usages, Instant from, Instant until) {
    return signer.get().sign(request, usages, from, until);
  }
}
