// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.Node;
import dev.havn.node.pod.BoundPods;
import dev.havn.node.pod.StaticBoundPods;
import dev.havn.node.pod.StaticPodFolder;
import dev.havn.reconcile.Api;
import dev.havn.schema.BuiltinTypes;
import dev.havn.schema.ResourceType;
import dev.havn.schema.codec.CodecException;
import dev.havn.schema.codec.Yaml;
import dev.havn.schema.kinds.Defaults;
import dev.havn.schema.kinds.Rules;
import dev.havn.schema.validate.FieldError;
import dev.havn.schema.validate.Structure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// A pod in a file of a node, read as the API would read it, which need not be there.
final class StaticPodFile {
  private StaticPodFile() {}

  /// The pods of a node together with those of its own files.
  static BoundPods join(BoundPods bound, Api api, BuiltinTypes types, Node.Settings node) {
    String place = node.configuration().staticPodPath();
    Path files = place.isEmpty() ? own(node.folder()) : Path.of(place);
    StaticPodFolder folder =
        new StaticPodFolder(files, node.name(), bytes -> read(types, bytes), node.clock());
    return new StaticBoundPods(bound, folder, api, node.name(), node.clock(), node.executor());
  }

  /// The folder beside that of a node's pods.
  private static Path own(Path pods) {
    try {
      return Files.createDirectories(pods.resolveSibling("manifests"));
    } catch (IOException e) {
      throw new UncheckedIOException("the folder of static pods beside " + pods, e);
    }
  }

  /// @param bytes YAML or JSON
  /// @return the pod with its defaults
  /// @throws IllegalArgumentException when it is none, or one that the API would not take
  static ObjectNode read(BuiltinTypes types, byte[] bytes) {
    try {
      if (!(Yaml.read(bytes) instanceof ObjectNode pod)
          || !pod.path("kind").asText().equals("Pod")
          || !pod.path("apiVersion").asText().equals("v1")) {
        throw new IllegalArgumentException("expected a Pod of v1");
      }
      ResourceType type =
          types.resources().stream()
              .filter(each -> each.kind().equals("Pod") && each.apiVersion().equals("v1"))
              .findFirst()
              .orElseThrow();
      Structure.fit(pod, type.schema());
      Defaults.apply("Pod", pod, type.schema());
      ObjectNode metadata = pod.withObjectProperty("metadata");
      if (metadata.path("namespace").asText("").isEmpty()) {
        metadata.put("namespace", "default");
      }
      List<FieldError> errors = Rules.onCreate("Pod", pod, type.schema());
      if (!errors.isEmpty()) {
        throw new IllegalArgumentException(FieldError.aggregate(errors));
      }
      return pod;
    } catch (CodecException e) {
      throw new IllegalArgumentException(String.valueOf(e.getMessage()), e);
    }
  }
}
