// SPDX-License-Identifier: Apache-2.0
package dev.havn.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// The images of the cluster's nodes.
@Command(description = "Pulls, loads, lists and removes images.", mixinStandardHelpOptions = true)
@SuppressWarnings("NullAway.Init") // picocli sets the fields before it calls the command
final class ImageCommand implements Runnable {
  @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

  @Override
  public void run() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "Missing command: pull, load, list or remove");
  }

  @Command(
      description = "Loads a tar of an OCI layout or a docker-archive: plain, gzip or zstd.",
      mixinStandardHelpOptions = true)
  int load(
      @Mixin DataDirectoryOption directory,
      @Mixin OutputOption output,
      @Option(
              names = "--docker",
              description =
                  "The names are those of images that Docker has (at DOCKER_HOST, or its usual socket).")
          boolean docker,
      @Parameters(
              paramLabel = "FILE.tar",
              arity = "1..*",
              description = "As `docker save` or `skopeo copy` writes it.")
          List<String> files) {
    for (String each : files) {
      ObjectNode arguments = JsonNodeFactory.instance.objectNode();
      if (docker) {
        arguments.put("name", each);
        arguments.put("host", System.getenv().getOrDefault("DOCKER_HOST", ""));
      } else {
        arguments.put("file", Path.of(each).toAbsolutePath().toString());
      }
      JsonNode loaded = directory.ask(docker ? "image docker" : "image load", arguments);
      print(loaded, output, "Loaded ");
    }
    return 0;
  }

  @Command(
      description = "Pulls images from their registries, with the node's own credentials.",
      mixinStandardHelpOptions = true)
  int pull(
      @Mixin DataDirectoryOption directory,
      @Mixin OutputOption output,
      @Parameters(paramLabel = "NAME", arity = "1..*", description = "As pods name it.")
          List<String> names) {
    for (String name : names) {
      ObjectNode arguments = JsonNodeFactory.instance.objectNode().put("name", name);
      print(directory.ask("image pull", arguments), output, "Pulled ");
    }
    return 0;
  }

  @Command(
      name = "list",
      aliases = "ls",
      description = "Lists the images.",
      mixinStandardHelpOptions = true)
  int list(@Mixin DataDirectoryOption directory, @Mixin OutputOption output) {
    JsonNode images = directory.ask("image list", JsonNodeFactory.instance.objectNode());
    if (output.json()) {
      System.out.println(images.toPrettyString());
      return 0;
    }
    if (images.isEmpty()) {
      System.err.println(
          "No images: `havn image pull NAME` or `havn image load FILE.tar` brings one.");
    }
    for (JsonNode image : images) {
      System.out.printf(
          "%-60s %s %8.1f MB %s%n",
          image.path("name").asText(),
          image.path("id").asText(),
          image.path("bytes").asLong() / 1e6,
          image.path("architecture").asText());
    }
    return 0;
  }

  @Command(
      name = "remove",
      aliases = "rm",
      description = "Removes an image.",
      mixinStandardHelpOptions = true)
  int remove(
      @Mixin DataDirectoryOption directory,
      @Mixin OutputOption output,
      @Parameters(
              paramLabel = "NAME",
              arity = "1..*",
              description = "As `havn image list` shows it.")
          List<String> names) {
    for (String name : names) {
      ObjectNode arguments = JsonNodeFactory.instance.objectNode().put("name", name);
      print(directory.ask("image remove", arguments), output, "Removed ");
    }
    return 0;
  }

  private static void print(JsonNode images, OutputOption output, String verb) {
    if (output.json()) {
      System.out.println(images.toPrettyString());
      return;
    }
    for (JsonNode image : images) {
      System.out.println(verb + image.path("name").asText());
    }
  }
}
