// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import dev.havn.apiserver.authentication.Authenticator;
import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.apiserver.authorization.Attributes;
import dev.havn.apiserver.authorization.Authorizer;
import dev.havn.apiserver.http.Request;
import java.util.List;
import java.util.Optional;

/// What a kubelet asks the API server by TokenReview and SubjectAccessReview about who comes to its
/// own door, for the nodes of this process.
public final class NodeAccess {
  /// The group of API servers at the doors of nodes. The API itself refuses it: a node says where
  /// it is, and one that says it is where an API is would have the server ask that in its place.
  public static final String CLIENTS = "havn:kubelet-clients";

  private final Authenticator authenticator;
  private final Authorizer authorizer;

  NodeAccess(Authenticator authenticator, Authorizer authorizer) {
    this.authenticator = authenticator;
    this.authorizer = authorizer;
  }

  /// Who calls; nobody is anonymous there.
  public Optional<UserInfo> user(Request request) {
    return authenticator
        .authenticate(request, _ -> {})
        .filter(user -> !user.name().equals(UserInfo.ANONYMOUS.name()));
  }

  /// Whether a user may do something with one of these subresources of a node.
  public boolean allows(UserInfo user, String verb, String node, List<String> subresources) {
    return subresources.stream()
        .anyMatch(
            each -> authorizer.allows(new Attributes(user, verb, "", "nodes", each, "", node, "")));
  }
}
