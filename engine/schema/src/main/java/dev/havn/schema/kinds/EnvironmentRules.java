// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import dev.havn.schema.validate.FieldError;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Rules of environment variables.
final class EnvironmentRules {
  private static final List<String> SOURCES =
      List.of("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef");
  private static final String[] FIELDS = {
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs"
  };
  private static final String[] RESOURCES = {
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory"
  };

  private static final Pattern ENTRY =
      Pattern.compile("metadata\\.(annotations|labels)\\['(.*)'\\]");

  private EnvironmentRules() {}

  static void variables(At variables) {
    for (At variable : variables.items()) {
      At name = variable.at("name");
      if (name.needs()) {
        name.has(Formats::environmentName);
      }
      if (variable.at("valueFrom").isThere()) {
        from(variable, variable.at("valueFrom"));
      }
    }
  }

  private static void from(At variable, At from) {
    int sources = 0;
    for (String each : SOURCES) {
      if (from.at(each).isThere()) {
        sources++;
        source(each, from.at(each));
      }
    }
    if (sources == 0) {
      refuse(
          from,
          "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`,"
              + " `secretKeyRef` or `fileKeyRef`");
    } else if (!variable.at("value").isEmpty()) {
      refuse(from, "may not be specified when `value` is not empty");
    } else if (sources > 1) {
      refuse(from, "may not have more than one field specified at a time");
    }
  }

  private static void refuse(At at, String detail) {
    at.errors().add(FieldError.invalid(at.path(), "", detail));
  }

  private static void source(String name, At source) {
    switch (name) {
      case "fieldRef" -> field(source, FIELDS);
      case "resourceFieldRef" -> resource(source, false);
      case "configMapKeyRef", "secretKeyRef" -> {
        source.at("name").has(Formats::subdomain);
        if (source.at("key").needs()) {
          source.at("key").has(Formats::configKey);
        }
      }
      default -> file(source);
    }
  }

  private static void file(At source) {
    At key = source.at("key");
    if (key.needs()) {
      key.has(Formats::environmentName);
    }
    At volume = source.at("volumeName");
    if (volume.needs()) {
      volume.has(Formats::label);
    }
    At path = source.at("path");
    if (path.needs()) {
      VolumeRules.inside(path);
    }
  }

  /// Variables out of files (KEP-3721), which lie in `emptyDir` volumes of the pod.
  static void files(At spec) {
    Map<String, At> volumes = new HashMap<>();
    spec.at("volumes").items().forEach(each -> volumes.put(each.at("name").text(), each));
    for (At container : WindowsRules.containers(spec)) {
      for (At variable : container.at("env").items()) {
        At file = variable.at("valueFrom").at("fileKeyRef");
        At name = file.at("volumeName");
        @Nullable At volume = volumes.get(name.text());
        if (file.isThere() && volume == null) {
          name.errors().add(FieldError.notFound(name.path(), name.text()));
        } else if (file.isThere() && volume != null && !volume.at("emptyDir").isThere()) {
          name.invalidText("referenced volume must be of type emptyDir");
        }
      }
    }
  }

  static void field(At reference, String... fields) {
    At version = reference.at("apiVersion");
    At path = reference.at("fieldPath");
    if (!version.needs() || !path.needs()) {
      return;
    }
    if (!version.is("v1")) {
      path.invalidText("error converting fieldPath: unsupported pod version: " + version.text());
      return;
    }
    String text = path.text();
    Matcher entry = ENTRY.matcher(text);
    if (entry.matches()) {
      String key = entry.group(2);
      // Keys of annotations have no case.
      String judged = entry.group(1).equals("annotations") ? key.toLowerCase(Locale.ROOT) : key;
      for (String problem : Formats.qualifiedName(judged)) {
        reference.errors().add(FieldError.invalid(reference.path(), key, problem));
      }
      return;
    }
    if (!List.of(fields).contains(text)) {
      boolean known =
          List.of(FIELDS).contains(text)
              || text.equals("metadata.labels")
              || text.equals("metadata.annotations");
      if (known) {
        path.notSupported(fields);
      } else {
        path.invalidText("error converting fieldPath: field label not supported: " + text);
      }
    }
  }

  /// @param ofVolume in a volume the container must be named
  static void resource(At reference, boolean ofVolume) {
    if (ofVolume && reference.at("containerName").isEmpty()) {
      reference.at("containerName").required("");
      return;
    }
    At resource = reference.at("resource");
    if (resource.needs()
        && !List.of(RESOURCES).contains(resource.text())
        && !resource.text().matches("(limits|requests)\\.hugepages-.*")) {
      resource.notSupported(RESOURCES);
    }
    divisor(resource, reference.at("divisor"));
  }

  /// The unit that an amount is told in.
  private static void divisor(At resource, At divisor) {
    String name = resource.text().replaceFirst("^(limits|requests)\\.", "");
    boolean processor = name.equals("cpu");
    boolean bytes =
        name.equals("memory") || name.equals("ephemeral-storage") || name.startsWith("hugepages-");
    if (!divisor.isThere() || divisor.quantity().amount().signum() == 0 || !processor && !bytes) {
      return;
    }
    List<String> units =
        processor
            ? List.of("1m", "1")
            : List.of(
                "1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei");
    if (!units.contains(divisor.quantity().toString())) {
      resource
          .named(divisor.path())
          .invalidText(
              "only divisor's values %s are supported with the %s resource"
                  .formatted(processor ? "1m and 1" : String.join(", ", units), shown(name)));
    }
  }

  private static String shown(String resource) {
    return resource.startsWith("hugepages-")
        ? "hugepages"
        : resource.equals("ephemeral-storage") ? "local ephemeral storage" : resource;
  }

  static void sources(At sources) {
    for (At source : sources.items()) {
      if (!source.at("prefix").isEmpty()) {
        source.at("prefix").has(Formats::environmentName);
      }
      At map = source.at("configMapRef");
      At secret = source.at("secretRef");
      for (At each : List.of(map, secret)) {
        if (each.isThere() && each.at("name").needs()) {
          each.at("name").has(Formats::subdomain);
        }
      }
      if (!map.isThere() && !secret.isThere()) {
        refuse(sources, "must specify one of: `configMapRef` or `secretRef`");
      } else if (map.isThere() && secret.isThere()) {
        refuse(sources, "may not have more than one field specified at a time");
      }
    }
  }
}
