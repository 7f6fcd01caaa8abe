// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.certificates;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequest;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequestBuilder;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class CleanerTest {
  private static final Instant MADE = Instant.parse("2026-01-01T00:00:00Z");
  private static final Instant TOLD = Instant.parse("2026-01-01T10:00:00Z");

  private static CertificateSigningRequestBuilder request() {
    return new CertificateSigningRequestBuilder()
        .withNewMetadata()
        .withCreationTimestamp(MADE.toString())
        .endMetadata()
        .withNewStatus()
        .endStatus();
  }

  private static CertificateSigningRequest with(String condition, String certificate) {
    return request()
        .editStatus()
        .withCertificate(certificate)
        .addNewCondition()
        .withType(condition)
        .withStatus("True")
        .withLastUpdateTime(TOLD.toString())
        .endCondition()
        .endStatus()
        .build();
  }

  @Test
  void whatNobodyAnsweredIsForgottenAfterADay() {
    assertThat(Cleaner.end(request().build())).contains(MADE.plus(Duration.ofHours(24)));
  }

  @Test
  void whatWasRefusedIsForgottenAfterAnHour() {
    assertThat(Cleaner.end(with("Denied", ""))).contains(TOLD.plus(Duration.ofHours(1)));
    assertThat(Cleaner.end(with("Failed", ""))).contains(TOLD.plus(Duration.ofHours(1)));
  }

  @Test
  void whatWasApprovedHasADayToBeSignedAndAnHourToBeFetched() {
    assertThat(Cleaner.end(with("Approved", ""))).contains(TOLD.plus(Duration.ofHours(24)));
    assertThat(Cleaner.end(with("Approved", Requests.base64("not PEM"))))
        .contains(TOLD.plus(Duration.ofHours(1)));
  }

  @Test
  void otherConditionsTellNothing() {
    assertThat(Cleaner.end(with("Custom", ""))).isEmpty();
  }
}
