// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.apiserver.ApiOptions;
import dev.havn.apiserver.FeatureGates;
import dev.havn.apiserver.RuntimeConfig;
import dev.havn.apiserver.admission.podsecurity.PodSecurityConfiguration;
import dev.havn.apiserver.audit.AuditFile;
import dev.havn.apiserver.audit.AuditPolicy;
import dev.havn.apiserver.audit.Auditing;
import dev.havn.controllers.Controllers;
import dev.havn.schema.BuiltinTypes;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Files that say how the API server decides and what it keeps of requests, in the formats of
/// kube-apiserver.
///
/// @param admission `AdmissionConfiguration` of `apiserver.config.k8s.io/v1`, or null
/// @param runtimeConfig which of Kubernetes' APIs are served
/// @param auth what says who is who
/// @param gates features that Kubernetes does not turn on by itself
public record ApiFiles(
    @Nullable Path admission,
    AuditFiles audit,
    RuntimeConfig runtimeConfig,
    AuthFiles auth,
    FeatureGates gates) {
  static final ApiFiles NONE = new ApiFiles(null, AuditFiles.NONE, RuntimeConfig.ALL);

  /// With the ways to find users that are always there.
  public ApiFiles(@Nullable Path admission, AuditFiles audit, RuntimeConfig runtimeConfig) {
    this(admission, audit, runtimeConfig, AuthFiles.NONE);
  }

  /// With the features that Kubernetes turns on by itself.
  public ApiFiles(
      @Nullable Path admission, AuditFiles audit, RuntimeConfig runtimeConfig, AuthFiles auth) {
    this(admission, audit, runtimeConfig, auth, FeatureGates.USUAL);
  }

  /// With all APIs of Kubernetes.
  public ApiFiles(@Nullable Path admission, AuditFiles audit) {
    this(admission, audit, RuntimeConfig.ALL);
  }

  private static final String ADMISSION_VERSION = "apiserver.config.k8s.io/v1";

  /// What is kept of requests.
  ///
  /// @param policy `Policy` of `audit.k8s.io/v1`, or null for nothing
  /// @param log where events go, a line each
  /// @param mebibytesMax of a file before it is put aside
  /// @param backupsMax files that are put aside, 0 for any number
  /// @param daysMax of the oldest of them, 0 for any
  public record AuditFiles(
      @Nullable Path policy, @Nullable Path log, int mebibytesMax, int backupsMax, int daysMax) {
    static final AuditFiles NONE = new AuditFiles(null, null, 100, 10, 0);
  }

  /// Reads which of Kubernetes' APIs are served.
  ///
  /// @throws IllegalArgumentException with what cannot be meant
  static RuntimeConfig runtimeConfig(String text) {
    BuiltinTypes types = BuiltinTypes.load();
    Set<String> known = new HashSet<>(types.optionalVersions());
    types.resources().forEach(each -> known.add(each.apiVersion()));
    return RuntimeConfig.parse(text, known);
  }

  /// Reads them, and opens the audit log.
  ///
  /// @throws StartException in words that name the file
  ApiOptions read(InstantSource clock) {
    if (gates.has(FeatureGates.Feature.STORAGE_VERSION_API)
        && !runtimeConfig.asksFor(StorageVersions.API_VERSION)) {
      throw new StartException(
          "feature gate StorageVersionAPI needs the API that it writes to: the configuration file switches it on with runtime-config: "
              + StorageVersions.API_VERSION
              + "=true");
    }
    return new ApiOptions(
            podSecurity(),
            auditing(clock),
            runtimeConfig,
            auth.authenticationOptions(),
            auth.authorizationFile())
        .withGates(gates);
  }

  /// What controllers have to know of the gates.
  Controllers.Features features() {
    return new Controllers.Features(
        gates.has(FeatureGates.Feature.MAX_UNAVAILABLE_STATEFUL_SET),
        gates.has(FeatureGates.Feature.STORAGE_VERSION_API));
  }

  ApiFiles withRuntimeConfig(RuntimeConfig other) {
    return new ApiFiles(admission, audit, other, auth, gates);
  }

  ApiFiles withGates(FeatureGates other) {
    return new ApiFiles(admission, audit, runtimeConfig, auth, other);
  }

  private Auditing.Settings auditing(InstantSource clock) {
    Path policy = audit.policy();
    Path log = audit.log();
    if (policy == null || log == null) {
      return Auditing.Settings.NONE;
    }
    AuditFile.Bounds bounds =
        new AuditFile.Bounds(
            (long) audit.mebibytesMax() << 20,
            audit.backupsMax(),
            Duration.ofDays(audit.daysMax()));
    try {
      AuditPolicy chosen = AuditPolicy.of(tree(policy));
      return new Auditing.Settings(chosen, new AuditFile(log, bounds, clock));
    } catch (IllegalArgumentException e) {
      throw new StartException("audit policy " + policy + ": " + e.getMessage(), e);
    } catch (IOException e) {
      throw new StartException("audit log " + log + " cannot be written: " + e, e);
    }
  }

  private PodSecurityConfiguration podSecurity() {
    Path file = admission;
    if (file == null) {
      return PodSecurityConfiguration.STANDARD;
    }
    JsonNode json = tree(file);
    if (!json.path("apiVersion").asText("").equals(ADMISSION_VERSION)
        || !json.path("kind").asText("").equals("AdmissionConfiguration")) {
      throw refused(file, "expected kind AdmissionConfiguration of " + ADMISSION_VERSION, null);
    }
    PodSecurityConfiguration chosen = PodSecurityConfiguration.STANDARD;
    for (JsonNode plugin : json.path("plugins")) {
      String name = plugin.path("name").asText("");
      if (!name.equals("PodSecurity")) {
        throw refused(file, "plugin \"" + name + "\" has no configuration, PodSecurity has", null);
      }
      Path own = plugin.has("path") ? file.resolveSibling(plugin.path("path").asText()) : file;
      try {
        chosen =
            PodSecurityConfiguration.of(
                plugin.has("path") ? tree(own) : plugin.path("configuration"));
      } catch (IllegalArgumentException e) {
        throw refused(own, "plugin PodSecurity: " + e.getMessage(), e);
      }
    }
    return chosen;
  }

  private static StartException refused(Path file, String why, @Nullable Throwable cause) {
    return new StartException("configuration " + file + ": " + why, cause);
  }

  private static JsonNode tree(Path file) {
    return YamlFile.read("configuration " + file, file, Function.identity());
  }
}
