// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.codec.Yaml;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/// The errors of the server that Kubernetes gives too: `server-errors.yaml`. Any other is a fault.
final class ServerErrors {
  private final List<Known> all;

  private ServerErrors(List<Known> all) {
    this.all = all;
  }

  /// One cause, with a request that shows it and what Kubernetes answers.
  ///
  /// @param before requests that make what the example needs; their answers do not matter
  /// @param requests which requests may meet it, matched against `METHOD TARGET`
  /// @param messages what may be said then
  record Known(
      String cause,
      List<Answers.Call> before,
      Answers.Call example,
      RawAnswer answer,
      Pattern requests,
      Pattern messages) {

    boolean explains(RawRequest request, RawAnswer given) {
      boolean said =
          request.method().equals("HEAD")
              || given.reason().equals(answer.reason())
                  && messages.matcher(given.message()).matches();
      return said
          && given.status() == answer.status()
          && requests.matcher(request.method() + " " + request.target()).find();
    }
  }

  static ServerErrors load() {
    try (InputStream in = ServerErrors.class.getResourceAsStream("server-errors.yaml")) {
      if (in == null) {
        throw new AssertionError("server-errors.yaml is not on the class path");
      }
      List<Known> all = new ArrayList<>();
      for (JsonNode each : Yaml.read(in.readAllBytes()).path("errors")) {
        all.add(known(each));
      }
      return new ServerErrors(List.copyOf(all));
    } catch (IOException e) {
      throw new UncheckedIOException("server-errors.yaml", e);
    }
  }

  private static Known known(JsonNode each) {
    List<Answers.Call> before = new ArrayList<>();
    each.path("before").forEach(call -> before.add(call(call)));
    JsonNode answer = each.path("answer");
    return new Known(
        each.path("cause").asText(),
        List.copyOf(before),
        call(each.path("example")),
        new RawAnswer(
            answer.path("status").asInt(),
            answer.path("reason").asText(""),
            answer.path("message").asText()),
        Pattern.compile(each.path("requests").asText(), Pattern.DOTALL),
        Pattern.compile(each.path("messages").asText(), Pattern.DOTALL));
  }

  private static Answers.Call call(JsonNode call) {
    String[] line = call.path("request").asText().split(" ");
    String type = call.path("type").asText(Target.JSON);
    return new Answers.Call(line[0], line[1], type, call.path("body").asText(""));
  }

  List<Known> all() {
    return all;
  }

  boolean explain(RawRequest request, RawAnswer answer) {
    return all.stream().anyMatch(each -> each.explains(request, answer));
  }
}
