// SPDX-License-Identifier: Apache-2.0
package dev.havn.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequest;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequestBuilder;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequestCondition;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBindingBuilder;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.NamespacedKubernetesClient;
import io.fabric8.kubernetes.client.RequestConfigBuilder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Requests for certificates are answered.
@Havn
class CertificatesTest {
  private static final String NODE = "kubernetes.io/kube-apiserver-client-kubelet";

  private static CertificateSigningRequest request(String file, String signer, List<String> usages)
      throws IOException {
    try (InputStream pem =
        Objects.requireNonNull(CertificatesTest.class.getResourceAsStream(file))) {
      return new CertificateSigningRequestBuilder()
          .withNewMetadata()
          .withName("mine")
          .endMetadata()
          .withNewSpec()
          .withRequest(Base64.getEncoder().encodeToString(pem.readAllBytes()))
          .withSignerName(signer)
          .withUsages(usages)
          .withExpirationSeconds(3_600)
          .endSpec()
          .build();
    }
  }

  private static void ask(KubernetesClient client, String file, String signer, List<String> usages)
      throws IOException {
    client.resource(request(file, signer, usages)).create();
  }

  /// A client's certificate of a node, asked for by somebody.
  private static void askAs(KubernetesClient client, String user, String... groups)
      throws IOException {
    CertificateSigningRequest request =
        request("node.csr", NODE, List.of("digital signature", "client auth"));
    client
        .adapt(NamespacedKubernetesClient.class)
        .withRequestConfig(
            new RequestConfigBuilder()
                .withImpersonateUsername(user)
                .withImpersonateGroups(groups)
                .build())
        .call(as -> as.resource(request).create());
  }

  private static @Nullable CertificateSigningRequest mine(KubernetesClient client) {
    return client.certificates().v1().certificateSigningRequests().withName("mine").get();
  }

  private static CertificateSigningRequest known(KubernetesClient client) {
    return Objects.requireNonNull(mine(client));
  }

  private static void say(KubernetesClient client, String type) {
    CertificateSigningRequestCondition condition = new CertificateSigningRequestCondition();
    condition.setType(type);
    condition.setStatus("True");
    condition.setReason("Test");
    if (type.equals("Approved")) {
      client.certificates().v1().certificateSigningRequests().withName("mine").approve(condition);
    } else {
      client.certificates().v1().certificateSigningRequests().withName("mine").deny(condition);
    }
  }

  private static X509Certificate issued(KubernetesClient client) throws GeneralSecurityException {
    byte[] pem = Base64.getDecoder().decode(known(client).getStatus().getCertificate());
    return (X509Certificate)
        CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(pem));
  }

  @Test
  void aNodeGetsItsCertificateByItself(KubernetesClient client, Cluster cluster) throws Exception {
    ask(client, "node.csr", NODE, List.of("digital signature", "client auth"));
    cluster.settle();
    assertThat(known(client).getStatus().getConditions())
        .singleElement()
        .matches(each -> each.getReason().equals("AutoApproved"))
        .matches(
            each ->
                each.getMessage()
                    .equals(
                        "Auto approving kubelet client certificate after SubjectAccessReview."));
    X509Certificate issued = issued(client);
    assertThat(issued.getSubjectX500Principal().getName())
        .isEqualTo("CN=system:node:n1,O=system:nodes");
    assertThat(issued.getExtendedKeyUsage()).containsExactly("1.3.6.1.5.5.7.3.2");
    assertThat(issued.getKeyUsage()).startsWith(true, false, false);
    assertThat(issued.getBasicConstraints()).isEqualTo(-1);
    assertThat(issued.getNotBefore().toInstant())
        .isEqualTo(cluster.time().now().minus(Duration.ofMinutes(5)));
    assertThat(issued.getNotAfter().toInstant())
        .isEqualTo(cluster.time().now().plus(Duration.ofHours(1)));
    String authority =
        client
            .configMaps()
            .inNamespace("default")
            .withName("kube-root-ca.crt")
            .get()
            .getData()
            .get("ca.crt");
    X509Certificate signer =
        (X509Certificate)
            CertificateFactory.getInstance("X.509")
                .generateCertificate(
                    new ByteArrayInputStream(authority.getBytes(StandardCharsets.US_ASCII)));
    issued.verify(signer.getPublicKey());
    assertThat(issued.getIssuerX500Principal()).isEqualTo(signer.getSubjectX500Principal());
  }

  @Test
  void aNodeThatRenewsItsOwnIsApprovedAsSuch(KubernetesClient client, Cluster cluster)
      throws Exception {
    bind(
        client,
        "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
        "system:node:n1");
    askAs(client, "system:node:n1", "system:nodes", "system:authenticated");
    cluster.settle();
    assertThat(known(client).getStatus().getConditions())
        .extracting(CertificateSigningRequestCondition::getMessage)
        .containsExactly(
            "Auto approving self kubelet client certificate after SubjectAccessReview.");
  }

  /// Who may not have it now may be given the right.
  @Test
  void aStrangerIsApprovedOnceItMay(KubernetesClient client, Cluster cluster) throws Exception {
    client
        .resource(
            new ClusterRoleBuilder()
                .withNewMetadata()
                .withName("asks")
                .endMetadata()
                .addNewRule()
                .withApiGroups("certificates.k8s.io")
                .withResources("certificatesigningrequests")
                .withVerbs("create", "get")
                .endRule()
                .build())
        .create();
    bind(client, "asks", "jane");
    askAs(client, "jane", "system:authenticated");
    cluster.time().advance(Duration.ofMinutes(1));
    assertThat(known(client).getStatus())
        .satisfiesAnyOf(
            status -> assertThat(status).isNull(),
            status -> assertThat(status.getConditions()).isEmpty());
    bind(client, "system:certificates.k8s.io:certificatesigningrequests:nodeclient", "jane");
    cluster.time().advance(Duration.ofMinutes(3));
    assertThat(known(client).getStatus().getConditions())
        .extracting(CertificateSigningRequestCondition::getReason)
        .containsExactly("AutoApproved");
  }

  private static void bind(KubernetesClient client, String role, String user) {
    client
        .resource(
            new ClusterRoleBindingBuilder()
                .withNewMetadata()
                .withName(role.replace(':', '-'))
                .endMetadata()
                .withNewRoleRef("rbac.authorization.k8s.io", "ClusterRole", role)
                .addNewSubject("rbac.authorization.k8s.io", "User", user, null)
                .build())
        .create();
  }

  @Test
  void whatIsDeniedStaysSo(KubernetesClient client, Cluster cluster) throws Exception {
    ask(
        client,
        "node.csr",
        "kubernetes.io/kubelet-serving",
        List.of("digital signature", "server auth"));
    say(client, "Denied");
    cluster.time().advance(Duration.ofMinutes(1));
    assertThat(known(client).getStatus().getConditions())
        .extracting(CertificateSigningRequestCondition::getType)
        .containsExactly("Denied");
  }

  @Test
  void aServerOfANodeIsApprovedBySomebody(KubernetesClient client, Cluster cluster)
      throws Exception {
    ask(
        client,
        "node-serving.csr",
        "kubernetes.io/kubelet-serving",
        List.of("digital signature", "server auth"));
    cluster.settle();
    assertThat(known(client).getStatus().getConditions()).isEmpty();
    say(client, "Approved");
    cluster.settle();
    assertThat(issued(client).getSubjectAlternativeNames())
        .extracting(name -> name.get(1).toString())
        .containsExactly("n1", "10.0.0.7");
  }

  @Test
  void whatASignerDoesNotTakeFails(KubernetesClient client, Cluster cluster) throws Exception {
    ask(client, "jane.csr", NODE, List.of("digital signature", "client auth"));
    say(client, "Approved");
    cluster.settle();
    assertThat(known(client).getStatus().getCertificate()).isNull();
    assertThat(known(client).getStatus().getConditions())
        .filteredOn(each -> each.getType().equals("Failed"))
        .singleElement()
        .matches(each -> each.getReason().equals("SignerValidationFailure"))
        .matches(each -> each.getMessage().equals("subject organization is not system:nodes"));
  }

  @Test
  void whatIsDeniedIsNotSignedAndForgottenAfterAnHour(KubernetesClient client, Cluster cluster)
      throws Exception {
    ask(client, "jane.csr", "kubernetes.io/kube-apiserver-client", List.of("client auth"));
    say(client, "Denied");
    cluster.settle();
    assertThat(known(client).getStatus().getCertificate()).isNull();
    cluster.time().advance(Duration.ofMinutes(60).plusSeconds(1));
    assertThat(mine(client)).isNull();
  }
}
