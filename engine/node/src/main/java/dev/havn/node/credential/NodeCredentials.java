// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.credential;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;

/// Credentials that all pods of a node may use.
///
/// @param known those of a file
/// @param sources programs that are asked for more, in this order
/// @param plugins those that want to know the account of the pod: what they give is that account's
public record NodeCredentials(
    Keyring known, List<CredentialSource> sources, List<CredentialPlugin> plugins) {
  public static final NodeCredentials NONE = of(Keyring.EMPTY);

  /// Those of a file alone.
  public static NodeCredentials of(Keyring known) {
    return new NodeCredentials(known, List.of(), List.of());
  }

  /// Those for an image, whoever wants it.
  public List<Credential> of(String name) {
    return of(name, "");
  }

  /// Those for an image, in the order in which they are to be tried.
  ///
  /// @param name host and repository
  /// @param namespace of the pod that they are for, empty for none
  public List<Credential> of(String name, String namespace) {
    List<Credential> all = new ArrayList<>(known.of(name));
    sources.forEach(each -> all.addAll(each.of(name, namespace)));
    return all;
  }

  /// Those for the host of an address alone, whatever its path.
  public List<Credential> of(URI address) {
    return of(address.getRawAuthority() == null ? "" : address.getRawAuthority());
  }
}
