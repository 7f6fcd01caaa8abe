// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/// Scripts with what a real Kubernetes answered, already without what differs from one cluster to
/// the next: one JSON line a script, gzip.
record Recording(List<Told> scripts) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /// @param answers one for each step
  record Told(Script script, List<Answers.Answer> answers) {}

  static Told tell(Script script, Answers server) {
    Requests.Conversation conversation = new Requests.Conversation(server);
    List<Answers.Answer> answers = new ArrayList<>();
    for (Script.Step step : script.steps()) {
      Answers.Answer answer = conversation.send(step.call());
      answers.add(new Answers.Answer(answer.status(), Normal.of(answer.body())));
    }
    return new Told(script, answers);
  }

  void write(OutputStream target) throws IOException {
    try (Sink sink = new Sink(target)) {
      scripts.forEach(sink::add);
    }
  }

  /// Writes scripts down as they are told, by any thread.
  static final class Sink implements AutoCloseable {
    private final Writer out;

    Sink(OutputStream target) throws IOException {
      this.out = new OutputStreamWriter(new GZIPOutputStream(target), StandardCharsets.UTF_8);
    }

    synchronized void add(Told told) {
      ObjectNode line = JSON.createObjectNode().put("script", told.script().name());
      ArrayNode steps = line.putArray("steps");
      for (int i = 0; i < told.answers().size(); i++) {
        steps.add(row(told.script().steps().get(i), told.answers().get(i)));
      }
      try {
        out.write(line + "\n");
      } catch (IOException e) {
        throw new UncheckedIOException("the recording", e);
      }
    }

    private static ArrayNode row(Script.Step step, Answers.Answer answer) {
      Answers.Call call = step.call();
      ArrayNode row =
          JSON.createArrayNode()
              .add(step.shows())
              .add(call.method())
              .add(call.path())
              .add(call.contentType())
              .add(call.body())
              .add(answer.status())
              .add(answer.status() == 0 ? JSON.getNodeFactory().nullNode() : answer.body());
      return call.accept().equals(Target.JSON) ? row : row.add(call.accept());
    }

    @Override
    public void close() throws IOException {
      out.close();
    }
  }

  static Recording read(InputStream source) {
    List<Told> scripts = new ArrayList<>();
    each(source, scripts::add);
    return new Recording(scripts);
  }

  /// Reads scripts one after the other: all together may be too many.
  static void each(InputStream source, Consumer<Told> reader) {
    try (BufferedReader in =
        new BufferedReader(
            new InputStreamReader(new GZIPInputStream(source), StandardCharsets.UTF_8))) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        JsonNode told = JSON.readTree(line);
        List<Script.Step> steps = new ArrayList<>();
        List<Answers.Answer> answers = new ArrayList<>();
        for (JsonNode step : told.path("steps")) {
          steps.add(
              new Script.Step(
                  step.path(0).asText(),
                  new Answers.Call(
                      step.path(1).asText(),
                      step.path(2).asText(),
                      step.path(3).asText(),
                      step.path(4).asText(),
                      step.path(7).asText("application/json"))));
          answers.add(new Answers.Answer(step.path(5).asInt(), step.path(6)));
        }
        reader.accept(new Told(new Script(told.path("script").asText(), steps), answers));
      }
    } catch (IOException e) {
      throw new UncheckedIOException("the recording", e);
    }
  }
}
