// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.certificates;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChecksTest {
  private static List<String> list(String words) {
    return words.equals("-") ? List.of() : List.of(words.split("\\+"));
  }

  /// Lists are parted by `+`; `-` is an empty one, or no refusal.
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          kubernetes.io/kube-apiserver-client         | x            | jane          | -  | -       | -     | -   | client auth                                         | -
          kubernetes.io/kube-apiserver-client         | x            | jane          | -  | -       | -     | -   | digital signature                                   | missing required usage for client certificate: client auth
          kubernetes.io/kube-apiserver-client         | x            | jane          | -  | -       | -     | -   | client auth+server auth                             | invalid usage for client certificate: server auth
          kubernetes.io/kube-apiserver-client-kubelet | system:nodes | system:node:a | -  | -       | -     | -   | client auth+digital signature+key encipherment      | -
          kubernetes.io/kube-apiserver-client-kubelet | system:nodes | system:node:a | -  | -       | -     | -   | digital signature+client auth                       | -
          kubernetes.io/kube-apiserver-client-kubelet | system:nodes | system:node:a | -  | -       | -     | -   | client auth                                         | usages did not match [client auth digital signature key encipherment]
          kubernetes.io/kube-apiserver-client-kubelet | system:nodes | jane          | -  | -       | -     | -   | digital signature+client auth                       | subject common name does not begin with system:node:
          kubernetes.io/kube-apiserver-client-kubelet | a            | system:node:a | -  | -       | -     | -   | digital signature+client auth                       | subject organization is not system:nodes
          kubernetes.io/kube-apiserver-client-kubelet | system:nodes | system:node:a | a  | -       | -     | -   | digital signature+client auth                       | DNS subjectAltNames are not allowed
          kubernetes.io/kube-apiserver-client-kubelet | system:nodes | system:node:a | -  | 1.2.3.4 | -     | -   | digital signature+client auth                       | IP subjectAltNames are not allowed
          kubernetes.io/kube-apiserver-client-kubelet | system:nodes | system:node:a | -  | -       | a@b.c | -   | digital signature+client auth                       | Email subjectAltNames are not allowed
          kubernetes.io/kube-apiserver-client-kubelet | system:nodes | system:node:a | -  | -       | -     | a:b | digital signature+client auth                       | URI subjectAltNames are not allowed
          kubernetes.io/kubelet-serving               | system:nodes | system:node:a | a  | -       | -     | -   | digital signature+server auth                       | -
          kubernetes.io/kubelet-serving               | system:nodes | system:node:a | -  | 1.2.3.4 | -     | -   | digital signature+key encipherment+server auth      | -
          kubernetes.io/kubelet-serving               | system:nodes | system:node:a | -  | -       | -     | -   | digital signature+server auth                       | DNS or IP subjectAltName is required
          kubernetes.io/kubelet-serving               | system:nodes | system:node:a | a  | -       | a@b.c | -   | digital signature+server auth                       | Email subjectAltNames are not allowed
          kubernetes.io/kubelet-serving               | system:nodes | system:node:a | a  | -       | -     | a:b | digital signature+server auth                       | URI subjectAltNames are not allowed
          kubernetes.io/kubelet-serving               | system:nodes | system:node:a | a  | -       | -     | -   | digital signature+client auth                       | usages did not match [digital signature key encipherment server auth]
          kubernetes.io/kubelet-serving               | system:nodes | jane          | a  | -       | -     | -   | digital signature+server auth                       | subject common name does not begin with system:node:
          kubernetes.io/kubelet-serving               | a            | system:node:a | a  | -       | -     | -   | digital signature+server auth                       | subject organization is not system:nodes
          kubernetes.io/legacy-unknown                | -            | -             | -  | -       | -     | -   | any                                                 | -
          """)
  void aSignerTakesOrRefuses(
      String signer,
      String organizations,
      String name,
      String dns,
      String addresses,
      String emails,
      String uris,
      String usages,
      String refusal) {
    CertificateSigner.Asked asked =
        new CertificateSigner.Asked(
            list(organizations), name, list(dns), list(addresses), list(emails), list(uris));
    assertThat(Checks.refusal(signer, asked, list(usages)).orElse("-")).isEqualTo(refusal);
  }
}
