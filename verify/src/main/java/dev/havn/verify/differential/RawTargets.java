// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import dev.havn.schema.ResourceType;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// Paths and queries for one request, right ones and odd ones.
final class RawTargets {
  private final RandomGenerator random;

  RawTargets(RandomGenerator random) {
    this.random = random;
  }

  /// @param path percent-encoded or not
  /// @param subresource what the path ends in, or null
  record RawPath(String path, ResourceType.@Nullable Subresource subresource) {}

  RawPath path(String method, ResourceType type, Seeds.Seed seed, String name) {
    StringBuilder path = new StringBuilder(type.group().isEmpty() ? "/api/" : "/apis/");
    path.append(type.apiVersion());
    if (random.nextInt(80) == 0) {
      path.append("/watch");
    }
    if (type.namespaced() && random.nextInt(20) > 0) {
      path.append("/namespaces/").append(namespace(seed));
    }
    path.append('/').append(type.plural());
    ResourceType.@Nullable Subresource part = null;
    boolean ofPart = !type.subresources().isEmpty() && random.nextInt(3) == 0;
    boolean collection = method.equals("POST") && !ofPart || random.nextInt(100) < 25;
    if (!collection || random.nextInt(12) == 0) {
      String own = seed.object(name).path("metadata").path("name").asText("x");
      path.append('/').append(random.nextInt(15) == 0 ? pick(RawWords.NAMES) : own);
      if (ofPart) {
        part = pick(type.subresources());
        path.append('/').append(part.name());
      }
    }
    spoil(path);
    return new RawPath(path.toString(), part);
  }

  private String namespace(Seeds.Seed seed) {
    return switch (random.nextInt(40)) {
      case 0 -> "nowhere";
      case 1 -> "default";
      case 2 -> pick(RawWords.NAMES);
      default -> seed.namespace();
    };
  }

  private void spoil(StringBuilder path) {
    if (random.nextInt(25) == 0) {
      path.append('/').append(pick(RawWords.SEGMENTS));
    }
    if (random.nextInt(60) == 0) {
      path.setCharAt(random.nextInt(path.length()), (char) (33 + random.nextInt(223)));
      path.setCharAt(0, '/');
    }
    if (random.nextInt(200) == 0) {
      path.append("/x".repeat(2000));
    }
  }

  /// Empty, or with its question mark.
  String query() {
    if (random.nextInt(100) < 45) {
      return "";
    }
    StringBuilder query = new StringBuilder("?");
    for (int left = 1 + random.nextInt(3); left > 0; left--) {
      query.append(pick(RawWords.PARAMETERS));
      if (random.nextInt(20) > 0) {
        query.append('=').append(pick(RawWords.VALUES));
      }
      query.append(random.nextInt(50) == 0 ? pick(List.of(";", "&&", "&=", "?")) : "&");
    }
    // a watch without an end would only wait
    return query.append("timeoutSeconds=1").toString();
  }

  private <T> T pick(List<T> all) {
    return all.get(random.nextInt(all.size()));
  }
}
