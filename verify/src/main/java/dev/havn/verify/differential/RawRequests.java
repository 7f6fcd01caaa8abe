// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import dev.havn.schema.BuiltinTypes;
import dev.havn.schema.ResourceType;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/// Requests from numbers, over every endpoint: right ones, wrong ones, broken ones. The same number
/// gives the same request. They name few objects, so that what they make stays little.
final class RawRequests {
  private static final int NAMES = 4;

  private final RawKinds kinds;

  RawRequests(BuiltinTypes types) {
    this.kinds = RawKinds.of(types);
  }

  RawKinds kinds() {
    return kinds;
  }

  RawRequest request(long number) {
    RandomGenerator random = new SplittableRandom(number);
    String method = pick(random, random.nextInt(40) == 0 ? RawWords.ODD_METHODS : RawWords.METHODS);
    Seeds.Seed seed = pick(random, kinds.seeds());
    boolean own = random.nextInt(100) < 85;
    ResourceType type = own ? seed.type() : pick(random, kinds.types());
    String name = "f" + random.nextInt(NAMES);
    RawTargets targets = new RawTargets(random);
    RawTargets.RawPath path =
        random.nextInt(100) < 8
            ? new RawTargets.RawPath(pick(random, RawWords.PAGES), null)
            : targets.path(method, type, seed, name);
    String target = path.path() + (path.path().contains("?") ? "" : targets.query());
    List<String> headers = headers(random);
    byte[] body = new byte[0];
    boolean writes = !method.equals("GET") && !method.equals("HEAD");
    if (writes && random.nextInt(100) < 92 || random.nextInt(50) == 0) {
      String contentType =
          random.nextInt(4) == 0
              ? pick(random, RawWords.TYPES)
              : pick(
                  random,
                  method.equals("PATCH")
                      ? RawWords.TYPES.subList(4, 8)
                      : RawWords.TYPES.subList(0, 4));
      headers.add("Content-Type: " + contentType);
      RawBodies bodies = new RawBodies(random);
      body =
          method.equals("DELETE")
              ? bodies.options()
              : bodies.body(seed, name, contentType, path.subresource());
      if (contentType.contains("apply") && random.nextInt(10) > 0) {
        target += (target.contains("?") ? "&" : "?") + "fieldManager=fuzzing&force=true";
      }
    }
    return new RawRequest(number, method, clean(target), headers, body, framing(random));
  }

  private static List<String> headers(RandomGenerator random) {
    List<String> headers = new ArrayList<>();
    if (random.nextInt(30) > 0) {
      headers.add(
          "Accept: "
              + (random.nextInt(4) > 0 ? "application/json" : pick(random, RawWords.ACCEPTS)));
    }
    if (random.nextInt(6) == 0) {
      headers.add(pick(random, RawWords.HEADERS));
    }
    return headers;
  }

  private static RawRequest.Framing framing(RandomGenerator random) {
    RawRequest.Framing[] all = RawRequest.Framing.values();
    return random.nextInt(25) == 0 ? all[random.nextInt(all.length)] : RawRequest.Framing.LENGTH;
  }

  /// What would end the request line itself is left to other tests.
  private static String clean(String target) {
    return target.replace(" ", "%20");
  }

  private static <T> T pick(RandomGenerator random, List<T> all) {
    return all.get(random.nextInt(all.size()));
  }
}
