// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/// What somebody does with objects of some kinds, one thing after the other, and what is looked at
/// in the end.
///
/// @param acts what is done; the controllers' work goes on in between
/// @param plays what others than the controllers do all the time, such as pods that end
/// @param end all that must be the same however things went
record Scenario(List<Act> acts, Act plays, Function<Place, Object> end) {
  private static final KubernetesSerialization SERIALIZATION = new KubernetesSerialization();

  /// Something done in a namespace.
  @FunctionalInterface
  interface Act {
    void in(Place place);
  }

  /// A namespace of its own for each try. Objects of the whole cluster are called after it, too. In
  /// all texts and paths `NS` is its name.
  record Place(ControlPlaneBench bench, String name) {
    KubernetesClient client() {
      return bench.client();
    }

    private String named(String text) {
      return text.replace("NS", name);
    }

    void make(String yaml) {
      String text = named(yaml);
      client()
          .load(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)))
          .items()
          .forEach(each -> client().resource(each).create());
    }

    /// For kinds of which the client's library has no model.
    void create(String path, String yaml) {
      Map<?, ?> object = SERIALIZATION.unmarshal(named(yaml), Map.class);
      bench.api().create(named(path), bench.api().toTree(object).toString());
    }

    /// @param patch a JSON merge patch, as YAML
    void patch(String path, String patch) {
      Map<?, ?> change = SERIALIZATION.unmarshal(named(patch), Map.class);
      bench.api().merge(named(path), bench.api().toTree(change));
    }

    /// Nothing where it is gone.
    void delete(String path) {
      bench.api().delete(named(path), Api.object());
    }

    boolean has(String path) {
      return bench.api().find(named(path)).isPresent();
    }

    JsonNode get(String path) {
      return bench.api().get(named(path));
    }

    /// The objects of a kind, without those of the whole cluster that are others'.
    List<JsonNode> list(String path) {
      return bench
          .api()
          .get(named(path))
          .path("items")
          .valueStream()
          .filter(
              each -> each.path("metadata").has("namespace") || nameOf(each).startsWith(name + "-"))
          .toList();
    }

    /// Without what differs from place to place.
    String plain(String text) {
      return text.replace(name, "NS");
    }

    List<String> names(String path) {
      return list(path).stream().map(each -> plain(nameOf(each))).sorted().toList();
    }
  }

  static String nameOf(JsonNode object) {
    return object.path("metadata").path("name").asText();
  }

  static Scenario of(Function<Place, Object> end, Act... acts) {
    return new Scenario(List.of(acts), _ -> {}, end);
  }

  Scenario playing(Act plays) {
    return new Scenario(acts, plays, end);
  }

  static Act make(String yaml) {
    return place -> place.make(yaml);
  }

  static Act patch(String path, String patch) {
    return place -> place.patch(path, patch);
  }

  static Act delete(String path) {
    return place -> place.delete(path);
  }

  static Act pass(Duration time) {
    return place -> place.bench().advance(time);
  }
}
