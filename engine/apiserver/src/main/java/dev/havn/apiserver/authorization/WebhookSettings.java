// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authorization;

import java.nio.file.Path;
import java.time.Duration;

/// How an authorization webhook is asked.
///
/// @param authorizedTtl how long that something is allowed is remembered; zero for not at all
/// @param unauthorizedTtl the same of what is not
/// @param version of `authorization.k8s.io` in which it is asked
/// @param denies whether a failure denies, or else says nothing
/// @param kubeconfig where it is
/// @param conditions what must hold for it to be asked
record WebhookSettings(
    String name,
    Duration timeout,
    Duration authorizedTtl,
    Duration unauthorizedTtl,
    String version,
    boolean denies,
    Path kubeconfig,
    MatchConditions conditions) {}
