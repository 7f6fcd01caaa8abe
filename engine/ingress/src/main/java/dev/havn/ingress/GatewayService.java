// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.ingress.Entrances.Wanted;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.Gateway;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.GatewayInfrastructure;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/// The Service in front of a Gateway, named and labelled as GEP-1762 has it, and deleted with it.
final class GatewayService {
  private static final String NAME = "gateway.networking.k8s.io/gateway-name";
  private static final String CLASS = "gateway.networking.k8s.io/gateway-class-name";
  private static final int NAME_CHARS_MAX = 63;

  /// A digest of eight characters and its dash.
  private static final int DIGEST_CHARS = 9;

  /// What a Service may be named.
  private static final Pattern LABEL = Pattern.compile("[a-z]([-a-z0-9]*[a-z0-9])?");

  private GatewayService() {}

  static Wanted of(Gateway gateway) {
    return new Wanted(
        gateway.getMetadata().getNamespace(),
        name(gateway.getMetadata().getName() + "-" + gateway.getSpec().getGatewayClassName()),
        metadata -> complete(gateway, metadata));
  }

  /// `GATEWAY-CLASS`, or what comes nearest to it.
  private static String name(String wanted) {
    if (wanted.length() <= NAME_CHARS_MAX && LABEL.matcher(wanted).matches()) {
      return wanted;
    }
    String near = "gateway-" + wanted.replace('.', '-');
    String cut = near.substring(0, Math.min(near.length(), NAME_CHARS_MAX - DIGEST_CHARS));
    return cut.replaceAll("-+$", "") + "-" + digest(wanted);
  }

  private static String digest(String text) {
    CRC32 sum = new CRC32();
    sum.update(text.getBytes(StandardCharsets.UTF_8));
    return HexFormat.of().toHexDigits((int) sum.getValue());
  }

  private static void complete(Gateway gateway, ObjectNode metadata) {
    ObjectNode labels = metadata.withObjectProperty("labels");
    String name = gateway.getMetadata().getName();
    labels.put(NAME, name.length() <= NAME_CHARS_MAX ? name : digest(name));
    String className = gateway.getSpec().getGatewayClassName();
    labels.put(CLASS, className.length() <= NAME_CHARS_MAX ? className : digest(className));
    @Nullable GatewayInfrastructure more = gateway.getSpec().getInfrastructure();
    if (more != null && more.getLabels() != null) {
      more.getLabels().forEach((key, value) -> put(labels, key, value));
    }
    if (more != null && more.getAnnotations() != null && !more.getAnnotations().isEmpty()) {
      ObjectNode annotations = metadata.withObjectProperty("annotations");
      more.getAnnotations().forEach((key, value) -> put(annotations, key, value));
    }
    metadata
        .withArrayProperty("ownerReferences")
        .addObject()
        .put("apiVersion", HasMetadata.getApiVersion(Gateway.class))
        .put("kind", HasMetadata.getKind(Gateway.class))
        .put("name", name)
        .put("uid", gateway.getMetadata().getUid())
        .put("controller", true)
        .put("blockOwnerDeletion", true);
  }

  /// What is said already is what finds the Service, or leads it.
  private static void put(ObjectNode all, String key, String value) {
    if (!all.has(key)) {
      all.put(key, value);
    }
  }

  /// Whether a Service is one of these.
  static boolean isOne(Service service) {
    return Entrances.isOurs(service)
        && service.getMetadata().getLabels().containsKey(NAME)
        && Objects.requireNonNullElse(
                service.getMetadata().getOwnerReferences(),
                java.util.List.<io.fabric8.kubernetes.api.model.OwnerReference>of())
            .stream()
            .anyMatch(each -> HasMetadata.getKind(Gateway.class).equals(each.getKind()));
  }
}
