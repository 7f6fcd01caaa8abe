// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authentication;

import java.util.List;
import java.util.Map;

/// Who calls.
///
/// @param uid empty for users without one
/// @param extra further attributes, each with its values
public record UserInfo(
    String name, String uid, List<String> groups, Map<String, List<String>> extra) {
  public static final String AUTHENTICATED = "system:authenticated";

  /// In `extra`: which credential it was (KEP-4193).
  public static final String CREDENTIAL_ID = "authentication.kubernetes.io/credential-id";

  public static final UserInfo ANONYMOUS =
      new UserInfo("system:anonymous", "", List.of("system:unauthenticated"), Map.of());

  public UserInfo(String name, List<String> groups) {
    this(name, "", groups, Map.of());
  }
}
