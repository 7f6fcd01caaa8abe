// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.controllers.quota.DeviceClaims;
import dev.havn.controllers.quota.QuotaReconciler;
import dev.havn.reconcile.Reconciler.Key;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceQuota;
import io.fabric8.kubernetes.api.model.ResourceQuotaBuilder;
import io.fabric8.kubernetes.api.model.ResourceQuotaSpec;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceClass;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What `quota-usage.yaml` says is used is what admission counts, and what the controller counts.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class QuotaUsageTest {
  private static final KubernetesSerialization YAML = new KubernetesSerialization();

  private final LateCaches late = new LateCaches();
  private final QuotaReconciler quotas =
      new QuotaReconciler(
          new QuotaReconciler.Caches(
              late.informers().of(ResourceQuota.class),
              late.informers().podOutlines(),
              late.informers().of(Service.class),
              late.informers().of(PersistentVolumeClaim.class),
              new DeviceClaims(
                  late.informers().of(ResourceClaim.class),
                  late.informers().of(DeviceClass.class),
                  late.informers().podOutlines()),
              new NothingElse()),
          late.api("admin"));

  /// Only what is counted in ways of its own is counted here.
  private record NothingElse() implements QuotaReconciler.Counts {
    @Override
    public boolean hasSynced(String resource) {
      return true;
    }

    @Override
    public int of(String resource, String namespace) {
      return -1;
    }
  }

  record Case(String name, Object quota, List<?> objects, Map<?, ?> used) {
    @Override
    public String toString() {
      return name;
    }
  }

  @AfterAll
  void close() {
    late.close();
  }

  static Stream<Case> cases() {
    try (InputStream file = QuotaUsageTest.class.getResourceAsStream("quota-usage.yaml")) {
      List<?> cases = YAML.unmarshal(file, List.class);
      return cases.stream().map(each -> of((Map<?, ?>) each));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Case of(Map<?, ?> said) {
    return new Case(
        said.get("case").toString(),
        said.get("quota"),
        (List<?>) said.get("objects"),
        (Map<?, ?>) said.get("used"));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void bothCountTheSame(Case one) {
    String namespace = late.namespace();
    Key key = new Key(namespace, "quota");
    ResourceQuota quota =
        new ResourceQuotaBuilder()
            .withNewMetadata()
            .withNamespace(namespace)
            .withName(key.name())
            .endMetadata()
            .withSpec(YAML.convertValue(one.quota(), ResourceQuotaSpec.class))
            .build();
    late.client().resource(quota).create();
    late.catchUp();
    quotas.reconcile(key);
    late.catchUp();
    one.objects().forEach(each -> create(namespace, each));
    assertThat(used(namespace)).as("as admission counts").isEqualTo(numbers(one.used()));
    late.client()
        .resourceQuotas()
        .inNamespace(namespace)
        .withName(key.name())
        .editStatus(
            counted -> {
              counted.getStatus().setUsed(Map.of());
              return counted;
            });
    late.catchUp();
    quotas.reconcile(key);
    assertThat(used(namespace)).as("as the controller counts").isEqualTo(numbers(one.used()));
  }

  private void create(String namespace, Object object) {
    GenericKubernetesResource made = YAML.convertValue(object, GenericKubernetesResource.class);
    if (made.getApiVersion() == null) {
      made.setApiVersion("v1");
    }
    if (made.getMetadata() == null) {
      made.setMetadata(new ObjectMeta());
    }
    if (made.getMetadata().getName() == null) {
      made.getMetadata().setName("one");
    }
    if (made.getApiVersion().equals("v1") || made.getKind().equals("ResourceClaim")) {
      made.getMetadata().setNamespace(namespace);
    }
    for (OwnerReference each : made.getMetadata().getOwnerReferences()) {
      each.setUid(
          late.client()
              .pods()
              .inNamespace(namespace)
              .withName(each.getName())
              .get()
              .getMetadata()
              .getUid());
    }
    late.client().resource(made).create();
  }

  private Map<String, BigDecimal> used(String namespace) {
    return numbers(
        late.client()
            .resourceQuotas()
            .inNamespace(namespace)
            .withName("quota")
            .get()
            .getStatus()
            .getUsed());
  }

  private static Map<String, BigDecimal> numbers(Map<?, ?> amounts) {
    Map<String, BigDecimal> numbers = new TreeMap<>();
    amounts.forEach(
        (name, amount) ->
            numbers.put(
                name.toString(),
                Quantity.parse(amount.toString()).getNumericalAmount().stripTrailingZeros()));
    return numbers;
  }
}
