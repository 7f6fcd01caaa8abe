// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.BuiltinTypes;
import dev.havn.schema.ResourceType;
import dev.havn.schema.codec.Protobuf;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/// Requests from numbers, over every endpoint: right ones, wrong ones, broken ones. The same number
/// gives the same request. They name few objects, so that what they make stays little.
final class RawRequests {
  private static final int NAMES = 4;
  private static final int DEEP = 20_000;

  private static final List<String> METHODS =
      List.of("GET", "GET", "GET", "POST", "POST", "PUT", "PATCH", "PATCH", "DELETE");
  private static final List<String> ODD_METHODS =
      List.of("HEAD", "OPTIONS", "TRACE", "CONNECT", "FOO", "get");
  private static final List<String> PAGES =
      List.of(
          "/",
          "/api",
          "/apis",
          "/version",
          "/healthz",
          "/livez?verbose",
          "/readyz/ping",
          "/openapi/v2",
          "/openapi/v3",
          "/openapi/v3/apis/apps/v1",
          "/metrics",
          "/metrics/slis",
          "/configz",
          "/statusz",
          "/flagz",
          "/logs",
          "/.well-known/openid-configuration",
          "/openid/v1/jwks",
          "/debug/api_priority_and_fairness/dump_priority_levels",
          "/debug/pprof",
          "/apis/apps",
          "/apis/apps/v9",
          "/apis/nothing.example.com/v1/things",
          "/api/v1/watch/pods?timeoutSeconds=1",
          "/api/v1/namespaces/default/pods/f0/proxy/a",
          "/api/v1/namespaces/default/services/f0:80/proxy/",
          "/api/v1/nodes/f0/proxy/healthz");
  private static final List<String> TYPES =
      List.of(
          "application/json",
          "application/json",
          "application/yaml",
          "application/vnd.kubernetes.protobuf",
          "application/merge-patch+json",
          "application/strategic-merge-patch+json",
          "application/json-patch+json",
          "application/apply-patch+yaml",
          "application/cbor",
          "text/plain",
          "",
          ";",
          "a/b/c",
          "application/json;charset=x;;=",
          "application/apply-patch+cbor");
  private static final List<String> ACCEPTS =
      List.of(
          "application/json",
          "*/*",
          "application/yaml",
          "application/vnd.kubernetes.protobuf",
          "application/json;as=Table;v=v1;g=meta.k8s.io",
          "text/html",
          ",",
          ";q=9",
          "a;q=;q",
          "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
          "application/cbor",
          "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
          "application/json;stream=watch");
  private static final List<String> HEADERS =
      List.of(
          "Accept-Encoding: gzip",
          "Impersonate-User: a",
          "Impersonate-Group: b",
          "Authorization: Bearer a.b.c",
          "Authorization: Basic !",
          "If-None-Match: \"x\"",
          "Range: bytes=0-1",
          "Expect: 100-continue",
          "X-Remote-User: a",
          "Origin: x",
          "Impersonate-Extra-%zz: a",
          "Impersonate-Uid: 1",
          "Audit-ID: \u00e9",
          "Accept-Language: ;");
  private static final List<String> PARAMETERS =
      List.of(
          "labelSelector",
          "fieldSelector",
          "limit",
          "continue",
          "resourceVersion",
          "resourceVersionMatch",
          "timeoutSeconds",
          "watch",
          "allowWatchBookmarks",
          "pretty",
          "sendInitialEvents",
          "dryRun",
          "fieldManager",
          "fieldValidation",
          "force",
          "gracePeriodSeconds",
          "propagationPolicy",
          "orphanDependents",
          "includeObject",
          "container",
          "tailLines",
          "sinceTime",
          "path",
          "ports",
          "command",
          "unknown");
  private static final List<String> VALUES =
      List.of(
          "",
          "0",
          "1",
          "-1",
          "true",
          "false",
          "All",
          "Strict",
          "Exact",
          "NotOlderThan",
          "a",
          "a%3Db",
          "a%20in%20(b,c)",
          "metadata.name%3Df0",
          "spec.nodeName!%3Dx",
          "%ff",
          "%00",
          "99999999999999999999",
          "9223372036854775807",
          "1e9",
          "Background",
          "%7B%7D",
          "!,",
          "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhXHUwMDAwIn0",
          "((((",
          "%E2%82%AC");
  private static final List<String> SEGMENTS =
      List.of("..", ".", "", "%2f", "%00", "%ff", "%E2%82%AC", "a b", "*", "f0%20", "-", "status");

  private final Seeds seeds;
  private final List<ResourceType> types;

  RawRequests(BuiltinTypes types) {
    this.seeds = Seeds.load(types);
    this.types = types.resources();
  }

  RawRequest request(long number) {
    RandomGenerator random = new SplittableRandom(number);
    String method = pick(random, random.nextInt(40) == 0 ? ODD_METHODS : METHODS);
    Seeds.Seed seed = pick(random, seeds.all());
    boolean own = random.nextInt(100) < 85;
    ResourceType type = own ? seed.type() : pick(random, types);
    String name = "f" + random.nextInt(NAMES);
    String target =
        random.nextInt(100) < 8
            ? pick(random, PAGES)
            : path(random, method, type, seed, name) + query(random);
    List<String> headers = new ArrayList<>();
    headers.add("Accept: " + (random.nextInt(4) > 0 ? "application/json" : pick(random, ACCEPTS)));
    if (random.nextInt(6) == 0) {
      headers.add(pick(random, HEADERS));
    }
    byte[] body = new byte[0];
    boolean writes = !method.equals("GET") && !method.equals("HEAD");
    if (writes && random.nextInt(100) < 92 || random.nextInt(50) == 0) {
      String contentType =
          random.nextInt(3) == 0
              ? pick(random, TYPES)
              : pick(random, method.equals("PATCH") ? TYPES.subList(4, 8) : TYPES.subList(0, 4));
      headers.add("Content-Type: " + contentType);
      body = method.equals("DELETE") ? options(random) : body(random, seed, name, contentType);
    }
    return new RawRequest(number, method, clean(target), headers, body);
  }

  /// What would end the request line itself is left to other tests.
  private static String clean(String target) {
    return target.replace(" ", "%20");
  }

  private static String path(
      RandomGenerator random, String method, ResourceType type, Seeds.Seed seed, String name) {
    StringBuilder path = new StringBuilder(type.group().isEmpty() ? "/api/" : "/apis/");
    path.append(type.apiVersion());
    if (type.namespaced() && random.nextInt(20) > 0) {
      path.append("/namespaces/").append(random.nextInt(30) == 0 ? "nowhere" : "default");
    }
    path.append('/').append(type.plural());
    boolean collection = method.equals("POST") || random.nextInt(100) < 25;
    if (!collection || random.nextInt(12) == 0) {
      path.append('/').append(seed.object(name).path("metadata").path("name").asText("x"));
      if (!type.subresources().isEmpty() && random.nextInt(3) == 0) {
        path.append('/').append(pick(random, type.subresources()).name());
      }
    }
    if (random.nextInt(25) == 0) {
      path.append('/').append(pick(random, SEGMENTS));
    }
    if (random.nextInt(60) == 0) {
      path.setCharAt(random.nextInt(path.length()), (char) (33 + random.nextInt(90)));
      path.setCharAt(0, '/');
    }
    if (random.nextInt(200) == 0) {
      path.append("/x".repeat(2000));
    }
    return path.toString();
  }

  private static String query(RandomGenerator random) {
    if (random.nextInt(100) < 45) {
      return "";
    }
    StringBuilder query = new StringBuilder();
    for (int left = 1 + random.nextInt(3); left > 0; left--) {
      query.append(query.isEmpty() ? '?' : '&').append(pick(random, PARAMETERS));
      if (random.nextInt(20) > 0) {
        query.append('=').append(pick(random, VALUES));
      }
    }
    // a watch without an end would only wait
    return query.append("&timeoutSeconds=1").toString();
  }

  private static byte[] options(RandomGenerator random) {
    List<String> all =
        List.of(
            "",
            "",
            "{}",
            "null",
            "[]",
            "{\"gracePeriodSeconds\":0}",
            "{\"gracePeriodSeconds\":-9223372036854775808}",
            "{\"propagationPolicy\":\"Orphan\"}",
            "{\"preconditions\":{\"uid\":\"x\"}}",
            "{\"kind\":\"Pod\",\"apiVersion\":\"v1\"}");
    return pick(random, all).getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] body(
      RandomGenerator random, Seeds.Seed seed, String name, String contentType) {
    ObjectNode object = seed.object(name);
    Mutation mutation = new Mutation(random);
    for (int left = random.nextInt(3); left > 0; left--) {
      mutation.change(object, seed.type().schema());
    }
    Fragment fragment = new Fragment(random);
    byte[] bytes =
        switch (contentType) {
          case "application/json-patch+json" -> utf8(fragment.operations(object).toString());
          case "application/merge-patch+json" -> utf8(fragment.of(object).toString());
          case "application/strategic-merge-patch+json" ->
              utf8(fragment.strategic(object).toString());
          case "application/vnd.kubernetes.protobuf" ->
              Protobuf.seal(
                  seed.type().apiVersion(),
                  seed.type().kind(),
                  Protobuf.message(seed.object(name), seed.type().schema()));
          default -> utf8(object.toString());
        };
    return random.nextInt(100) < 65 ? bytes : broken(random, bytes);
  }

  private static byte[] broken(RandomGenerator random, byte[] bytes) {
    byte[] copy = bytes.clone();
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    switch (random.nextInt(9)) {
      case 0 -> {
        return java.util.Arrays.copyOf(copy, random.nextInt(copy.length + 1));
      }
      case 1 -> {
        return utf8("[".repeat(1 + random.nextInt(DEEP)));
      }
      case 2 -> {
        return utf8("{\"a\":".repeat(1 + random.nextInt(DEEP)));
      }
      case 3 -> {
        return text.replaceFirst("[0-9]+", "1e999999").getBytes(StandardCharsets.ISO_8859_1);
      }
      case 4 -> {
        return text.replace("\"spec\"", "\"spec\":{},\"spec\"")
            .getBytes(StandardCharsets.ISO_8859_1);
      }
      case 5 -> {
        return utf8("a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b,*a]\nkind: !!binary x\n");
      }
      default -> {
        for (int left = 1 + random.nextInt(6); left > 0 && copy.length > 0; left--) {
          copy[random.nextInt(copy.length)] = (byte) random.nextInt(256);
        }
        return copy;
      }
    }
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static <T> T pick(RandomGenerator random, List<T> all) {
    return all.get(random.nextInt(all.size()));
  }
}
