// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import dev.havn.apiserver.http.Request;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The form a client wants its answer in.
///
/// @param as a kind of `meta.k8s.io` to turn the answer into (`Table`, `PartialObjectMetadata`), or
///   empty
public record Media(Format format, String as, String asGroup, String asVersion, boolean pretty) {
  public static final String JSON = "application/json";
  static final String YAML = "application/yaml";
  static final String PROTOBUF = "application/vnd.kubernetes.protobuf";

  /// The forms that every kind of Kubernetes has, as refusals list them.
  public static final String ALL = JSON + ", " + YAML + ", " + PROTOBUF;

  private static final Set<String> TRUE = Set.of("1", "t", "T", "true", "TRUE", "True");
  private static final List<String> BY_HAND = List.of("curl", "Wget", "Mozilla/5.0");
  private static final String WATCHED =
      ", " + JSON + ";stream=watch, " + PROTOBUF + ";stream=watch";

  public static final Media PLAIN = new Media(Format.JSON, "", "", "", false);

  /// On the wire.
  public enum Format {
    JSON,
    YAML,
    PROTOBUF
  }

  String contentType() {
    return switch (format) {
      case JSON -> JSON;
      case YAML -> YAML;
      case PROTOBUF -> PROTOBUF;
    };
  }

  /// Of what the answer is turned into.
  String asApiVersion() {
    return "meta.k8s.io/" + asVersion;
  }

  String watchContentType() {
    return format == Format.PROTOBUF ? PROTOBUF + ";stream=watch" : contentType();
  }

  /// Chooses from `Accept`.
  ///
  /// @param tables whether the answer can be a table or bare metadata
  /// @throws ApiException 406 when nothing asked for can be given
  public static Media of(Request request, boolean tables) {
    return of(request, tables, false, ALL);
  }

  /// The same for a resource, which may have no protobuf form.
  static Media of(Call call, boolean tables) {
    return isText(call)
        ? of(call.request(), tables, true, ALL)
        : of(call.request(), tables, false, ALL);
  }

  /// For a list or a watch.
  static Media ofCollection(Call call) {
    return isText(call)
        ? of(call.request(), true, true, ALL)
        : of(call.request(), true, false, ALL + WATCHED);
  }

  private static boolean isText(Call call) {
    return call.type().custom() != null;
  }

  private static Media of(Request request, boolean tables, boolean texts, String available) {
    @Nullable String accept = request.headers().first("accept");
    boolean indent = isPretty(request);
    if (accept == null || accept.isBlank()) {
      return new Media(Format.JSON, "", "", "", indent);
    }
    List<Choice> choices = new ArrayList<>();
    for (String each : accept.split(",")) {
      choices.add(Choice.parse(each));
    }
    choices.sort(Comparator.comparingDouble((Choice choice) -> -choice.quality()));
    for (Choice choice : choices) {
      @Nullable Media media = choice.media(tables, indent);
      if (media != null && !(texts && media.format() == Format.PROTOBUF)) {
        return media;
      }
    }
    boolean otherForm = choices.stream().anyMatch(choice -> choice.format() != null);
    throw texts
        ? ApiException.acceptsOnly(available)
        : otherForm ? ApiException.acceptsOnly(ALL) : ApiException.notAcceptable(available);
  }

  /// Whoever asks with a browser or by hand reads the answer himself.
  private static boolean isPretty(Request request) {
    @Nullable String pretty = request.query().first("pretty");
    if (pretty != null && !pretty.isEmpty()) {
      return TRUE.contains(pretty);
    }
    @Nullable String agent = request.headers().first("user-agent");
    return agent != null && BY_HAND.stream().anyMatch(agent::startsWith);
  }

  private record Choice(String type, Map<String, String> parameters, double quality) {
    static Choice parse(String text) {
      String[] parts = text.strip().split(";", -1);
      Map<String, String> parameters = new HashMap<>();
      double quality = 1;
      for (int i = 1; i < parts.length; i++) {
        String[] pair = parts[i].strip().split("=", 2);
        String value = pair.length > 1 ? pair[1].strip() : "";
        if (pair[0].strip().equals("q")) {
          quality = value.matches("[01](\\.[0-9]+)?") ? Double.parseDouble(value) : 0;
        } else {
          parameters.put(pair[0].strip(), value);
        }
      }
      return new Choice(parts[0].strip(), parameters, quality);
    }

    @Nullable Format format() {
      return switch (type) {
        case JSON, "*/*" -> Format.JSON;
        case YAML -> Format.YAML;
        case PROTOBUF -> Format.PROTOBUF;
        default -> null;
      };
    }

    @Nullable Media media(boolean tables, boolean indent) {
      String as = parameters.getOrDefault("as", "");
      if (!as.isEmpty()) {
        boolean known =
            parameters.getOrDefault("g", "").equals("meta.k8s.io")
                && List.of("v1", "v1beta1").contains(parameters.getOrDefault("v", ""))
                && List.of("Table", "PartialObjectMetadata", "PartialObjectMetadataList")
                    .contains(as);
        if (!tables || !known) {
          return null;
        }
      }
      @Nullable Format format = format();
      boolean streams = parameters.getOrDefault("stream", "").equals("watch");
      if (format == null
          || format == Format.YAML && streams
          || format == Format.PROTOBUF && as.equals("Table")) {
        return null;
      }
      return new Media(
          format, as, parameters.getOrDefault("g", ""), parameters.getOrDefault("v", "v1"), indent);
    }
  }
}
