// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.aggregation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;

/// One version of a group that a Service serves.
///
/// @param authorities PEM of those that may have signed the server's certificate; empty for those
///   that the machine trusts
/// @param insecure whether any certificate is taken
record RemoteApi(
    String name,
    String group,
    String version,
    String namespace,
    String service,
    int port,
    String authorities,
    boolean insecure,
    int groupPriority,
    int versionPriority) {
  private static final int HTTPS_PORT = 443;

  /// Of an APIService; empty for a local one.
  static Optional<RemoteApi> of(ObjectNode apiService) {
    JsonNode spec = apiService.path("spec");
    JsonNode service = spec.path("service");
    if (!service.isObject()) {
      return Optional.empty();
    }
    return Optional.of(
        new RemoteApi(
            apiService.path("metadata").path("name").asText(),
            spec.path("group").asText(""),
            spec.path("version").asText(),
            service.path("namespace").asText(),
            service.path("name").asText(),
            service.path("port").asInt(HTTPS_PORT),
            new String(
                Base64.getMimeDecoder().decode(spec.path("caBundle").asText("")),
                StandardCharsets.ISO_8859_1),
            spec.path("insecureSkipTLSVerify").asBoolean(),
            spec.path("groupPriorityMinimum").asInt(),
            spec.path("versionPriority").asInt()));
  }

  /// One that is in this process.
  static RemoteApi of(InnerApi inner, int groupPriority, int versionPriority) {
    return new RemoteApi(
        inner.version() + "." + inner.group(),
        inner.group(),
        inner.version(),
        "",
        "",
        0,
        "",
        false,
        groupPriority,
        versionPriority);
  }

  String groupVersion() {
    return group + "/" + version;
  }

  /// The name that the server's certificate must have.
  String serverName() {
    return service + "." + namespace + ".svc";
  }
}
