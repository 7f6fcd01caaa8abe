// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.flowcontrol;

import dev.havn.apiserver.RequestInfo;
import dev.havn.apiserver.authentication.UserInfo;

/// What FlowSchemas see of a request.
///
/// @param namespace that it is in, or is about; empty for none
record Asking(RequestInfo info, UserInfo user, String namespace) {
  static Asking of(RequestInfo info, UserInfo user) {
    boolean isNamespace = info.resource().equals("namespaces") && info.group().isEmpty();
    return new Asking(info, user, isNamespace ? info.name() : info.namespace());
  }

  /// The resource as rules name it.
  String resource() {
    return info.subresource().isEmpty()
        ? info.resource()
        : info.resource() + "/" + info.subresource();
  }
}
