// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.apiserver.NodeAccess;
import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.apiserver.http.Request;
import java.util.List;
import java.util.Optional;

/// Who comes to a node's own door, and what they may.
interface DoorAccess {
  /// Who calls; nobody is anonymous there.
  Optional<UserInfo> user(Request request);

  /// Whether a user may do something with one of these subresources of a node.
  boolean allows(UserInfo user, String verb, String node, List<String> subresources);

  /// By the API server of this process.
  static DoorAccess of(NodeAccess access) {
    return new DoorAccess() {
      @Override
      public Optional<UserInfo> user(Request request) {
        return access.user(request);
      }

      @Override
      public boolean allows(UserInfo user, String verb, String node, List<String> subresources) {
        return access.allows(user, verb, node, subresources);
      }
    };
  }
}
