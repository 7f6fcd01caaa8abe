// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.certificates;

import java.time.Instant;
import java.util.List;

/// Holds the key of the cluster's authority.
public interface CertificateSigner {
  /// What a request (PKCS #10) asks for.
  ///
  /// @param organizations of the subject
  /// @param commonName of the subject, or empty
  /// @param dnsNames and the others: alternative names of the subject
  record Asked(
      List<String> organizations,
      String commonName,
      List<String> dnsNames,
      List<String> addresses,
      List<String> emails,
      List<String> uris) {}

  /// @param request as PEM
  /// @throws IllegalArgumentException when it is no request
  Asked read(String request);

  /// When the authority's own certificate ends.
  Instant end();

  /// @param request as PEM
  /// @param usages as the API names them, such as `client auth`
  /// @return a certificate as PEM
  /// @throws IllegalArgumentException when the request is not signed by the key it names
  String sign(String request, List<String> usages, Instant from, Instant until);
}
