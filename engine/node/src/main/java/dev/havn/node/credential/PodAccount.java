// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.credential;

import java.util.Map;

/// The service account of a pod for whom an image is pulled, as plugins for credentials see it.
public interface PodAccount {
  /// Of the pod and its account.
  String namespace();

  /// Empty for none.
  String name();

  /// Empty when there is none of that name.
  String uid();

  Map<String, String> annotations();

  /// A token of the account, bound to the pod.
  String token(String audience);
}
