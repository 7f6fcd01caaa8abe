// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.apiserver.ApiOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
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
}
