// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Function;

/// What somebody does with objects of some kinds, one thing after the other, and what is looked at
/// in the end.
///
/// @param acts what is done; the controllers' work goes on in between
/// @param plays what others than the controllers do all the time, such as pods that end
/// @param end all that must be the same however things went
record Scenario(List<Act> acts, Act plays, Function<Place, Object> end) {

  /// Something done in a namespace.
  @FunctionalInterface
  interface Act {
    void in(Place place);
  }

  /// A namespace of its own for each try.
  record Place(KubernetesClient client, String name) {
    /// `NS` is the namespace's name.
    void make(String yaml) {
      String text = yaml.replace("NS", name);
      client
          .load(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)))
          .items()
          .forEach(each -> client.resource(each).create());
    }
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
}
