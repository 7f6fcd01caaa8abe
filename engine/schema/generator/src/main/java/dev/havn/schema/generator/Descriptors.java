// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.generator;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import io.kubernetes.client.proto.Meta;
import io.kubernetes.client.proto.V1;
import io.kubernetes.client.proto.V1Admissionregistration;
import io.kubernetes.client.proto.V1Apiextensions;
import io.kubernetes.client.proto.V1Apps;
import io.kubernetes.client.proto.V1Authentication;
import io.kubernetes.client.proto.V1Authorization;
import io.kubernetes.client.proto.V1Autoscaling;
import io.kubernetes.client.proto.V1Batch;
import io.kubernetes.client.proto.V1Certificates;
import io.kubernetes.client.proto.V1Coordination;
import io.kubernetes.client.proto.V1Discovery;
import io.kubernetes.client.proto.V1Events;
import io.kubernetes.client.proto.V1Flowcontrol;
import io.kubernetes.client.proto.V1Networking;
import io.kubernetes.client.proto.V1Node;
import io.kubernetes.client.proto.V1Policy;
import io.kubernetes.client.proto.V1Rbac;
import io.kubernetes.client.proto.V1Resource;
import io.kubernetes.client.proto.V1Scheduling;
import io.kubernetes.client.proto.V1Storage;
import io.kubernetes.client.proto.V1alpha1Apiserverinternal;
import io.kubernetes.client.proto.V2Autoscaling;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// The published protobuf messages by their full name, and the numbers of their fields by JSON
/// name.
final class Descriptors {
  private static final List<FileDescriptor> FILES =
      List.of(
          Meta.getDescriptor(),
          V1.getDescriptor(),
          V1Admissionregistration.getDescriptor(),
          V1Apiextensions.getDescriptor(),
          V1Apps.getDescriptor(),
          V1Authentication.getDescriptor(),
          V1Authorization.getDescriptor(),
          V1Autoscaling.getDescriptor(),
          V2Autoscaling.getDescriptor(),
          V1Batch.getDescriptor(),
          V1Certificates.getDescriptor(),
          V1Coordination.getDescriptor(),
          V1Discovery.getDescriptor(),
          V1Events.getDescriptor(),
          V1Flowcontrol.getDescriptor(),
          V1Networking.getDescriptor(),
          V1Node.getDescriptor(),
          V1Policy.getDescriptor(),
          V1Rbac.getDescriptor(),
          V1Resource.getDescriptor(),
          V1Scheduling.getDescriptor(),
          V1Storage.getDescriptor(),
          V1alpha1Apiserverinternal.getDescriptor());

  /// Go embeds these structs, so that JSON shows their fields in the outer object.
  private static final Map<String, String> EMBEDDED =
      Map.ofEntries(
          Map.entry("Volume", "volumeSource"),
          Map.entry("PersistentVolumeSpec", "persistentVolumeSource"),
          Map.entry("EphemeralContainer", "ephemeralContainerCommon"),
          Map.entry("Probe", "handler"),
          Map.entry("RuleWithOperations", "rule"),
          Map.entry("NamedRuleWithOperations", "ruleWithOperations"),
          Map.entry("ConfigMapKeySelector", "localObjectReference"),
          Map.entry("SecretKeySelector", "localObjectReference"),
          Map.entry("ConfigMapEnvSource", "localObjectReference"),
          Map.entry("SecretEnvSource", "localObjectReference"),
          Map.entry("ConfigMapVolumeSource", "localObjectReference"),
          Map.entry("ConfigMapProjection", "localObjectReference"),
          Map.entry("SecretProjection", "localObjectReference"),
          Map.entry("IngressRule", "ingressRuleValue"),
          Map.entry("DeviceClassConfiguration", "deviceConfiguration"),
          Map.entry("DeviceClaimConfiguration", "deviceConfiguration"),
          Map.entry("DeviceAllocationConfiguration", "deviceConfiguration"));

  private final Map<String, Descriptor> messages = new HashMap<>();

  Descriptors() {
    for (FileDescriptor file : FILES) {
      for (Descriptor message : file.getMessageTypes()) {
        messages.put(message.getFullName(), message);
      }
    }
  }

  Optional<Descriptor> message(String fullName) {
    return Optional.ofNullable(messages.get(fullName));
  }

  /// A field and the numbers of the embedded messages on the way to it, outermost first.
  record Located(FieldDescriptor field, List<Integer> embedding) {}

  /// The fields of a message by JSON name in lower case (`uID` is `uid`), embedded ones flattened.
  static Map<String, Located> fields(Descriptor message) {
    Map<String, Located> fields = new HashMap<>();
    collect(message, List.of(), fields);
    return fields;
  }

  private static void collect(
      Descriptor message, List<Integer> embedding, Map<String, Located> fields) {
    String embedded = EMBEDDED.getOrDefault(message.getName(), "");
    for (FieldDescriptor field : message.getFields()) {
      if (embedded.equals(field.getName())) {
        List<Integer> inner = new ArrayList<>(embedding);
        inner.add(field.getNumber());
        collect(field.getMessageType(), inner, fields);
      } else {
        fields.put(
            jsonName(message, field.getName()).toLowerCase(Locale.ROOT),
            new Located(field, embedding));
      }
    }
  }

  /// Protobuf cannot name every JSON field as it is called.
  private static String jsonName(Descriptor message, String field) {
    if (message.getName().equals("JSONSchemaProps")) {
      return switch (field) {
        case "ref" -> "$ref";
        case "schema" -> "$schema";
        case "xKubernetesPreserveUnknownFields" -> "x-kubernetes-preserve-unknown-fields";
        case "xKubernetesEmbeddedResource" -> "x-kubernetes-embedded-resource";
        case "xKubernetesIntOrString" -> "x-kubernetes-int-or-string";
        case "xKubernetesListMapKeys" -> "x-kubernetes-list-map-keys";
        case "xKubernetesListType" -> "x-kubernetes-list-type";
        case "xKubernetesMapType" -> "x-kubernetes-map-type";
        case "xKubernetesValidations" -> "x-kubernetes-validations";
        default -> field;
      };
    }
    return field;
  }
}
