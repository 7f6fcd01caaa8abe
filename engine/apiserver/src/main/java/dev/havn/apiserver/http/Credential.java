// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

import java.security.cert.X509Certificate;
import java.util.List;

/// What the transport itself knows of the caller. Bearer tokens travel in the headers instead.
public sealed interface Credential {

  /// Nothing.
  record None() implements Credential {}

  /// A client certificate chain, leaf first, as presented and not yet checked against the
  /// authority.
  record Certificate(List<X509Certificate> chain) implements Credential {}

  /// A caller inside this process, taken at its word.
  record Loopback(String user, List<String> groups) implements Credential {}
}
