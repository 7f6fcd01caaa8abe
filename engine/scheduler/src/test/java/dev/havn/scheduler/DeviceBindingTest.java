// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.scheduler.device.DevicePlan;
import dev.havn.scheduler.device.NoDevices;
import dev.havn.scheduler.state.PodFacts;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaimBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class DeviceBindingTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
  private static final Duration WITHIN = Duration.ofMinutes(10);

  private final Only devices = new Only();
  private final DeviceBinding binding = new DeviceBinding(devices);
  private final PodFacts pod =
      PodFacts.of(
          new PodBuilder()
              .withNewMetadata()
              .withName("p")
              .withUid("p")
              .withNamespace("default")
              .endMetadata()
              .withNewSpec()
              .endSpec()
              .build());

  private static final class Only implements NoDevices {
    private @Nullable ResourceClaim claim;

    @Override
    public @Nullable ResourceClaim claim(String key) {
      return claim;
    }

    @Override
    public Instant now() {
      return NOW;
    }
  }

  private static ResourceClaim claim(Instant allocated, String... conditions) {
    ResourceClaim claim =
        new ResourceClaimBuilder()
            .withNewMetadata()
            .withName("c")
            .withNamespace("default")
            .endMetadata()
            .withNewStatus()
            .withNewAllocation()
            .withAllocationTimestamp(allocated.toString())
            .withNewDevices()
            .addNewResult()
            .withRequest("r")
            .withDriver("d.example.com")
            .withPool("pool")
            .withDevice("device")
            .withBindingConditions("Attached", "Tested")
            .withBindingFailureConditions("Broken")
            .endResult()
            .endDevices()
            .endAllocation()
            .addNewDevice()
            .withDriver("d.example.com")
            .withPool("pool")
            .withDevice("device")
            .endDevice()
            .endStatus()
            .build();
    for (String each : conditions) {
      claim
          .getStatus()
          .getDevices()
          .getFirst()
          .getConditions()
          .add(
              new ConditionBuilder()
                  .withType(each)
                  .withStatus("True")
                  .withReason("Because")
                  .withMessage("it \"is\" so")
                  .build());
    }
    return claim;
  }

  private void wait(ResourceClaim claim) {
    devices.claim = claim;
    binding.add(Hold.of(pod, "n", new DevicePlan(List.of(), List.of(claim), null, true)), WITHIN);
  }

  @Test
  void aPodWaitsUntilAllConditionsAreThere() {
    wait(claim(NOW));
    binding.begin("p", NOW);
    assertThat(binding.ended(NOW)).isEmpty();
    devices.claim = claim(NOW, "Attached");
    assertThat(binding.ended(NOW)).isEmpty();
    devices.claim = claim(NOW, "Attached", "Tested");
    assertThat(binding.ended(NOW))
        .singleElement()
        .satisfies(each -> assertThat(each.problem()).isNull());
    assertThat(binding.has("p")).isFalse();
  }

  @Test
  void nothingCountsBeforeItsClaimsAreKeptForIt() {
    wait(claim(NOW, "Attached", "Tested"));
    assertThat(binding.ended(NOW)).isEmpty();
    assertThat(binding.due()).isNull();
    binding.begin("p", NOW);
    assertThat(binding.ended(NOW)).hasSize(1);
  }

  @Test
  void aDeviceThatCannotBecomeReadyEndsTheWait() {
    wait(claim(NOW));
    binding.begin("p", NOW);
    devices.claim = claim(NOW, "Attached", "Tested", "Broken");
    assertThat(binding.ended(NOW))
        .singleElement()
        .satisfies(
            each -> {
              assertThat(each.problem())
                  .isEqualTo(
                      "running PreBind plugin \"DynamicResources\": device binding failed: claim=c,"
                          + " reason=Because, message=\"it \\\"is\\\" so\"");
              assertThat(each.hold().claims()).hasSize(1);
            });
  }

  @Test
  void theWaitHasAnEnd() {
    wait(claim(NOW));
    binding.begin("p", NOW);
    assertThat(binding.due()).isEqualTo(NOW.plus(WITHIN));
    assertThat(binding.ended(NOW.plus(WITHIN).minusMillis(1))).isEmpty();
    assertThat(binding.ended(NOW.plus(WITHIN)))
        .singleElement()
        .satisfies(
            each ->
                assertThat(each.problem())
                    .endsWith("device binding timeout: context deadline exceeded"));
  }

  @Test
  void whatOthersHaveWaitedForCounts() {
    ResourceClaim old = claim(NOW.minus(WITHIN).plusSeconds(1));
    wait(old);
    binding.begin("p", NOW);
    assertThat(binding.due()).isEqualTo(NOW.plusMillis(1_001));
    assertThat(binding.ended(NOW.plusSeconds(1))).isEmpty();
    assertThat(binding.ended(NOW.plusMillis(1_001)))
        .singleElement()
        .satisfies(each -> assertThat(each.problem()).endsWith("device binding timeout: claim=c"));
  }
}
