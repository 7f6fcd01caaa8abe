// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.file.Path;
import java.time.Duration;

/// What the command line can ask of a running server.
///
/// | Command | Arguments | Answer |
/// |---|---|---|
/// | `status` | | what runs |
/// | `down` | | `graceMilliseconds` that pods have to end; the server ends then |
/// | `options` | | those of `up` that it was started with, by their names |
/// | `hand over` | | the server ends, pods go on, and names are answered until the next server does; see [Handover] |
/// | `backup` | `file` | what was written |
/// | `image load` | `file` | the images loaded |
/// | `image docker` | `name`, `host` | the images loaded |
/// | `image pull` | `name` | the image pulled |
/// | `image list` | | all images |
/// | `image remove` | `name` | the image removed |
/// | `token create` | `seconds`, `server` | how a node joins |
/// | `token list` | | all tokens |
/// | `token delete` | `id` | the token deleted |
/// | `why` | `user`, `groups`, `verb`, `resource`, `name`, `namespace` | `allowed`, `verdict`, `reason` |
/// | `why` | `from`, `to`, `port`, `protocol`, `namespace`, `file` | the same |
record ControlCommands(Havn havn) implements ControlSocket.Commands {
  @Override
  public JsonNode answer(String command, JsonNode arguments) {
    return switch (command) {
      case "status" -> havn.status();
      case "down" -> {
        havn.askToStop();
        yield JsonNodeFactory.instance
            .objectNode()
            .put("graceMilliseconds", havn.shutdownGrace().toMillis());
      }
      case "options" -> havn.options();
      case "hand over" -> {
        havn.askToLeave();
        yield JsonNodeFactory.instance.objectNode();
      }
      case "backup" -> havn.backup(Path.of(arguments.path("file").asText()));
      case "image load" ->
          runtimes().imageCommands().load(Path.of(arguments.path("file").asText()));
      case "image docker" ->
          runtimes()
              .loadFromDocker(arguments.path("name").asText(), arguments.path("host").asText(""));
      case "image pull" -> runtimes().imageCommands().pull(arguments.path("name").asText());
      case "image list" -> runtimes().imageCommands().list();
      case "image remove" ->
          runtimes().imageCommands().remove(arguments.path("name").asText(), runtimes()::isUsed);
      case "token create" ->
          havn.tokens()
              .create(
                  Duration.ofSeconds(arguments.path("seconds").asLong()),
                  arguments.path("server").asText(""));
      case "token list" -> havn.tokens().list();
      case "token delete" -> havn.tokens().delete(arguments.path("id").asText());
      case "why" -> havn.cluster().why(arguments);
      default -> throw new StartException("unknown command '" + command + "'");
    };
  }

  private Runtimes runtimes() {
    return havn.cluster().runtimes();
  }
}
