// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.credential;

import java.util.List;

/// Who is asked for credentials when an image is pulled. For many threads; blocks.
@FunctionalInterface
public interface CredentialSource {
  /// Those for an image; none when it has none, or cannot be asked, which it tells in the log.
  ///
  /// @param name host and repository
  List<Credential> of(String name);

  /// @param namespace of the pod that it is for, empty for none: who answers all may see to it that
  ///   none of them holds up the others
  default List<Credential> of(String name, String namespace) {
    return of(name);
  }
}
