// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.autoscaling;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.autoscaling.v2.CrossVersionObjectReference;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Reads and writes the scale of whatever has one, found by discovery: also of custom resources.
final class ScaleTargets {
  private static final int WRITE_ATTEMPTS_MAX = 5;
  private static final String UNREADABLE =
      "received an object from a /scale endpoint which was not convertible to autoscaling Scale:"
          + " failed to parse target selector: couldn't parse the selector string \"%s\": %s";

  private final Api api;

  /// Where resources of a kind are, such as `/apis/apps/v1` and `deployments`; forgotten when it
  /// turns out otherwise.
  private final Map<GroupKind, List<Place>> places = new ConcurrentHashMap<>();

  ScaleTargets(Api api) {
    this.api = api;
  }

  /// There is no scale; the message says why in Kubernetes' words.
  static final class NoScaleException extends RuntimeException {
    private final boolean isOfSpec;

    NoScaleException(String message) {
      this(message, false);
    }

    NoScaleException(String message, boolean isOfSpec) {
      super(message, null, false, false);
      this.isOfSpec = isOfSpec;
    }

    /// Whether what was asked for can be nowhere.
    boolean isOfSpec() {
      return isOfSpec;
    }
  }

  private record GroupKind(String group, String kind) {}

  /// @param resource qualified with its group
  record Place(String base, String plural, String resource) {}

  /// @throws NoScaleException when it cannot be had
  Scale find(String namespace, CrossVersionObjectReference target) {
    GroupKind kind = new GroupKind(group(target.getApiVersion()), target.getKind());
    List<Place> candidates = places(kind);
    @Nullable String first = null;
    for (Place each : candidates) {
      String path =
          "%s/namespaces/%s/%s/%s/scale"
              .formatted(each.base(), namespace, each.plural(), target.getName());
      try {
        Scale scale = Scale.of(path, api.get(path));
        Optional<String> fault = PodSelector.fault(scale.selector());
        if (fault.isEmpty()) {
          return scale;
        }
        first = first != null ? first : UNREADABLE.formatted(scale.selector(), fault.get());
      } catch (Api.RefusedException e) {
        first = first != null ? first : words(e, each, target.getName());
      } catch (UncheckedIOException e) {
        first = first != null ? first : String.valueOf(e.getMessage());
      }
    }
    places.remove(kind);
    throw new NoScaleException(String.valueOf(first));
  }

  private static String words(Api.RefusedException e, Place place, String name) {
    return ServerWords.of(e, "get " + place.resource() + " " + name);
  }

  /// @throws NoScaleException for an `apiVersion` that is none
  static String group(@Nullable String apiVersion) {
    String given = apiVersion == null ? "" : apiVersion;
    int slash = given.indexOf('/');
    if (given.indexOf('/', slash + 1) > slash && slash >= 0) {
      throw new NoScaleException("unexpected GroupVersion string: " + given, true);
    }
    return slash < 0 ? "" : given.substring(0, slash);
  }

  private List<Place> places(GroupKind kind) {
    List<Place> known = places.get(kind);
    if (known != null) {
      return known;
    }
    List<Place> found = discover(kind);
    if (found.isEmpty()) {
      throw new NoScaleException(
          "no matches for kind \"%s\" in group \"%s\"".formatted(kind.kind(), kind.group()));
    }
    places.put(kind, found);
    return found;
  }

  /// Where a kind is; empty when nobody serves it.
  List<Place> places(String group, String kind) {
    GroupKind asked = new GroupKind(group, kind);
    List<Place> known = places.get(asked);
    return known != null ? known : discover(asked);
  }

  private List<Place> discover(GroupKind kind) {
    Set<String> bases = new LinkedHashSet<>();
    if (kind.group().isEmpty()) {
      bases.add("/api/v1");
    } else {
      JsonNode group = find("/apis/" + kind.group());
      bases.add("/apis/" + group.path("preferredVersion").path("groupVersion").asText());
      group
          .path("versions")
          .forEach(each -> bases.add("/apis/" + each.path("groupVersion").asText()));
    }
    bases.remove("/apis/");
    List<Place> found = new ArrayList<>();
    for (String base : bases) {
      for (JsonNode each : find(base).path("resources")) {
        String plural = each.path("name").asText();
        if (each.path("kind").asText().equals(kind.kind()) && !plural.contains("/")) {
          String resource = kind.group().isEmpty() ? plural : plural + "." + kind.group();
          found.add(new Place(base, plural, resource));
        }
      }
    }
    return found;
  }

  private JsonNode find(String path) {
    try {
      return api.find(path).orElse(Api.object());
    } catch (Api.RefusedException | UncheckedIOException e) {
      throw new NoScaleException(String.valueOf(e.getMessage()));
    }
  }

  /// Asks for another number of replicas, again from what stands there when somebody else has
  /// changed it.
  ///
  /// @throws Api.RefusedException when it is refused
  void set(Scale scale, int replicas) {
    JsonNode object = scale.object();
    for (int attempt = 1; ; attempt++) {
      ObjectNode changed = object.deepCopy();
      changed.withObjectProperty("spec").put("replicas", replicas);
      try {
        api.update(scale.path(), changed);
        return;
      } catch (Api.RefusedException e) {
        if (!e.isStale() || attempt == WRITE_ATTEMPTS_MAX) {
          throw e;
        }
        object = api.get(scale.path());
      }
    }
  }
}
