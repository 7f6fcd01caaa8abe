// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.generator;

import com.google.protobuf.Descriptors.Descriptor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// `Generate OVERLAY-FOLDER OUTPUT-FOLDER`: writes `types.bin` and `descriptions.bin`.
public final class Generate {
  private static final String META = "k8s.io.apimachinery.pkg.apis.meta.v1.";

  private static final List<String> META_KINDS =
      List.of(
          "Status", "DeleteOptions", "APIGroup", "APIGroupList", "APIResourceList", "APIVersions");

  private Generate() {}

  public static void main(String[] arguments) throws IOException {
    Overlay overlay = Overlay.read(Path.of(arguments[0]));
    Path output = Path.of(arguments[1]);
    Descriptors descriptors = new Descriptors();
    Model model = new Model(overlay);
    for (Map.Entry<String, List<Map<String, Object>>> group : overlay.resources().entrySet()) {
      for (Map<String, Object> resource : group.getValue()) {
        addKind(model, descriptors, group.getKey(), String.valueOf(resource.get("kind")));
        if (resource.get("subresources") instanceof List<?> subresources) {
          for (Object each : subresources) {
            addSubresource(model, descriptors, group.getKey(), (Map<?, ?>) each);
          }
        }
      }
    }
    for (String kind : META_KINDS) {
      addKind(model, descriptors, "meta/v1", kind);
    }
    if (!model.missing().isEmpty()) {
      throw new IllegalStateException("no protobuf field for " + model.missing());
    }
    Files.createDirectories(output);
    new Output(model.structs(), overlay.resources()).write(output);
  }

  private static void addSubresource(
      Model model, Descriptors descriptors, String groupVersion, Map<?, ?> subresource) {
    @Nullable Object version = subresource.get("version");
    String kind = String.valueOf(subresource.get("kind"));
    if (!kind.endsWith("Options")) {
      addKind(model, descriptors, version == null ? groupVersion : version.toString(), kind);
    }
  }

  private static void addKind(
      Model model, Descriptors descriptors, String groupVersion, String kind) {
    int slash = groupVersion.indexOf('/');
    String group = slash < 0 ? "" : groupVersion.substring(0, slash);
    String version = groupVersion.substring(slash + 1);
    String message = messageName(group, version, kind);
    Optional<Descriptor> descriptor = descriptors.message(message);
    model.add(Model.definitionName(message), Model.modelClass(group, version, kind), descriptor);
  }

  /// The protobuf message of a kind. The resource of a group lives in a package of the group's
  /// first word.
  static String messageName(String group, String version, String kind) {
    return switch (group) {
      case "" -> "k8s.io.api.core.v1." + kind;
      case "meta" -> META + kind;
      case "apiextensions.k8s.io" ->
          "k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1." + kind;
      case "apiregistration.k8s.io" -> "k8s.io.kube-aggregator.pkg.apis.apiregistration.v1." + kind;
      case "internal.apiserver.k8s.io" -> "k8s.io.api.apiserverinternal." + version + "." + kind;
      default -> "k8s.io.api." + group.split("\\.")[0] + "." + version + "." + kind;
    };
  }
}
