// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import dev.havn.apiserver.admission.podsecurity.PodSecurityConfiguration;
import dev.havn.apiserver.audit.Auditing;
import dev.havn.apiserver.authentication.AuthenticationOptions;
import dev.havn.apiserver.authorization.PluggedNodes;
import dev.havn.apiserver.configuration.ReadFile;
import org.jspecify.annotations.Nullable;

/// What of an API server can be chosen without changing what it is.
///
/// @param podSecurity what is asked of pods where their namespace says nothing
/// @param audit what is kept of requests
/// @param runtimeConfig which of Kubernetes' APIs are served
/// @param authentication how users are found
/// @param authorization an `AuthorizationConfiguration` that was found right, or null for the
///   authorizers Node and RBAC
/// @param pluggedNodes those to whose pods plugins of CNI give addresses of any range
/// @param gates features that Kubernetes does not turn on by itself
public record ApiOptions(
    PodSecurityConfiguration podSecurity,
    Auditing.Settings audit,
    RuntimeConfig runtimeConfig,
    AuthenticationOptions authentication,
    @Nullable ReadFile authorization,
    PluggedNodes pluggedNodes,
    FeatureGates gates) {
  /// As Kubernetes does it when nobody says otherwise.
  public static final ApiOptions STANDARD =
      new ApiOptions(PodSecurityConfiguration.STANDARD, Auditing.Settings.NONE);

  /// With pods that have addresses of their node's range.
  public ApiOptions(
      PodSecurityConfiguration podSecurity,
      Auditing.Settings audit,
      RuntimeConfig runtimeConfig,
      AuthenticationOptions authentication,
      @Nullable ReadFile authorization) {
    this(
        podSecurity,
        audit,
        runtimeConfig,
        authentication,
        authorization,
        PluggedNodes.NONE,
        FeatureGates.USUAL);
  }

  /// With all APIs of Kubernetes.
  public ApiOptions(PodSecurityConfiguration podSecurity, Auditing.Settings audit) {
    this(podSecurity, audit, RuntimeConfig.ALL);
  }

  /// With the ways to find users that are always there.
  public ApiOptions(
      PodSecurityConfiguration podSecurity, Auditing.Settings audit, RuntimeConfig runtimeConfig) {
    this(podSecurity, audit, runtimeConfig, AuthenticationOptions.STANDARD, null);
  }

  /// Whether a cluster has no more objects from its first moment than others.
  boolean isUsual() {
    return gates.equals(FeatureGates.USUAL) && runtimeConfig.equals(RuntimeConfig.ALL);
  }

  public ApiOptions withPluggedNodes(PluggedNodes nodes) {
    return new ApiOptions(
        podSecurity, audit, runtimeConfig, authentication, authorization, nodes, gates);
  }

  public ApiOptions withGates(FeatureGates other) {
    return new ApiOptions(
        podSecurity, audit, runtimeConfig, authentication, authorization, pluggedNodes, other);
  }
}
