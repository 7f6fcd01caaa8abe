// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.apiserver.certificates.Authority;
import dev.havn.reconcile.Api;
import dev.havn.server.NodeCertificates.Purpose;
import java.io.IOException;

/// A certificate of a node that another one takes the place of before it ends. Threads: any may
/// look at it, one at a time renews it.
final class RenewedCertificate {
  private final NodeCertificates certificates;
  private final Purpose purpose;
  private final String node;
  private final String address;
  private volatile Authority.Identity identity;

  /// @param address for which it is, empty for a client's
  /// @param first the one that counts until it is due
  RenewedCertificate(
      NodeCertificates certificates,
      Purpose purpose,
      String node,
      String address,
      Authority.Identity first) {
    this.certificates = certificates;
    this.purpose = purpose;
    this.node = node;
    this.address = address;
    this.identity = first;
  }

  Authority.Identity identity() {
    return identity;
  }

  /// Shows a certificate to whom it is for.
  @FunctionalInterface
  interface Door {
    void show(Authority.Identity identity) throws IOException;
  }

  /// Asks for another one when it is time to.
  ///
  /// @return whether there is another one
  /// @throws IOException when it is refused or nobody answers in time; the one before still counts
  boolean renew(Api api) throws IOException {
    return renew(api, _ -> {});
  }

  /// The same where it is to be shown: it counts once it is.
  ///
  /// @throws IOException also when the door cannot show it; then the next call asks for another
  boolean renew(Api api, Door door) throws IOException {
    if (!certificates.isDue(identity)) {
      return false;
    }
    Authority.Identity next = certificates.request(api, purpose, node, address);
    door.show(next);
    identity = next;
    return true;
  }
}
