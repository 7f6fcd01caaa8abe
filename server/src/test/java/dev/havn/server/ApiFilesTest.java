// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.apiserver.ApiOptions;
import dev.havn.apiserver.RuntimeConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ApiFilesTest {
  @TempDir private Path folder;

  private Path file(String name, String content) throws IOException {
    return Files.writeString(folder.resolve(name), content);
  }

  private static ApiOptions read(ApiFiles files) {
    return files.read(() -> Instant.EPOCH);
  }

  private ApiFiles.AuditFiles audit(Path policy) {
    return new ApiFiles.AuditFiles(policy, folder.resolve("logs/audit.log"), 1, 1, 0);
  }

  @Test
  void theAuditLogIsThereFromTheStart() throws IOException {
    Path policy =
        file("policy", "{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Metadata}]}");
    read(new ApiFiles(null, audit(policy))).audit().sink().close();
    assertThat(folder.resolve("logs/audit.log")).exists();
  }

  @Test
  void aWrongPolicyIsToldWithItsFile() throws IOException {
    Path policy =
        file("policy", "{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: All}]}");
    assertThatThrownBy(() -> read(new ApiFiles(null, audit(policy))))
        .isInstanceOf(StartException.class)
        .hasMessageStartingWith("audit policy " + policy + ": rules[0].level: Unsupported value");
  }

  @Test
  void podSecurityIsConfiguredInTheFileOrInOneBesideIt() throws IOException {
    String own =
        "{apiVersion: pod-security.admission.config.k8s.io/v1, kind: PodSecurityConfiguration, defaults: {enforce: %s}}";
    file("own", own.formatted("baseline"));
    String plugins =
        "{apiVersion: apiserver.config.k8s.io/v1, kind: AdmissionConfiguration, plugins: [{name: %s, %s}]}";
    Path beside = file("beside", plugins.formatted("PodSecurity", "path: own"));
    Path inside =
        file("inside", plugins.formatted("PodSecurity", "configuration: " + own.formatted("all")));
    Path other = file("other", plugins.formatted("AlwaysDeny", "path: own"));
    assertThat(read(new ApiFiles(beside, ApiFiles.AuditFiles.NONE)).podSecurity()).isNotNull();
    assertThatThrownBy(() -> read(new ApiFiles(inside, ApiFiles.AuditFiles.NONE)))
        .hasMessage(
            "configuration "
                + inside
                + ": plugin PodSecurity: defaults.enforce: Invalid value: \"all\": must be one of privileged, baseline, restricted");
    assertThatThrownBy(() -> read(new ApiFiles(other, ApiFiles.AuditFiles.NONE)))
        .hasMessage(
            "configuration "
                + other
                + ": plugin \"AlwaysDeny\" has no configuration, PodSecurity has");
  }

  private static ApiFiles auth(
      @Nullable Path authentication, Optional<Boolean> anonymous, @Nullable Path rights) {
    return new ApiFiles(
        null,
        ApiFiles.AuditFiles.NONE,
        RuntimeConfig.ALL,
        new AuthFiles(authentication, anonymous, true, AuthFiles.TokenWebhook.NONE, rights));
  }

  @Test
  void whoIsWhoIsCheckedAtTheStartAndToldWithItsFile() throws IOException {
    String head = "{apiVersion: apiserver.config.k8s.io/v1, kind: %sConfiguration, %s}";
    Path open = file("open", head.formatted("Authentication", "anonymous: {enabled: true}"));
    Path wrong =
        file("wrong", head.formatted("Authentication", "jwt: [{issuer: {url: http://a}}]"));
    Path rights = file("rights", head.formatted("Authorization", "authorizers: []"));
    assertThat(read(auth(open, Optional.empty(), null)).authentication().configuration())
        .isNotNull();
    assertThatThrownBy(() -> read(auth(open, Optional.of(true), null)))
        .isInstanceOf(StartException.class)
        .hasMessageEndingWith(
            "anonymous: Forbidden: anonymous-auth cannot be set when anonymous field is configured in authentication configuration file");
    assertThatThrownBy(() -> read(auth(wrong, Optional.empty(), null)))
        .isInstanceOf(StartException.class)
        .hasMessageStartingWith(
            "authentication configuration "
                + wrong
                + ": invalid authentication configuration: [jwt[0].issuer.url: Invalid value: \"http://a\": URL scheme must be https, ");
    assertThatThrownBy(() -> read(auth(null, Optional.empty(), rights)))
        .hasMessage(
            "authorization configuration "
                + rights
                + ": authorizers: Required value: at least one authorization mode must be defined");
    assertThatThrownBy(() -> read(auth(folder.resolve("none"), Optional.empty(), null)))
        .hasMessageEndingWith("none: there is no such file");
  }
}
