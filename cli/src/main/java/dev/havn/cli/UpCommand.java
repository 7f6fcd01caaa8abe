// SPDX-License-Identifier: Apache-2.0
package dev.havn.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.havn.server.Compilation;
import dev.havn.server.Configuration;
import dev.havn.server.Havn;
import dev.havn.server.StartException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// Starts a cluster and prints how to use it once the API answers and every node is Ready.
@Command(
    description = "Starts a cluster and returns when it is ready.",
    mixinStandardHelpOptions = true)
@SuppressWarnings("NullAway.Init") // picocli sets the fields before it calls the command
final class UpCommand implements Callable<Integer> {
  @Mixin private DataDirectoryOption directory;
  @Mixin private OutputOption output;
  @Mixin private UpOptions options;

  @Override
  public Integer call() {
    if (directory.isRunning()) {
      return running();
    }
    Compilation.giveWay();
    Configuration configuration = options.configuration(directory.path());
    Havn havn;
    try {
      havn = Havn.start(configuration, options.given());
    } catch (StartException e) {
      // Another `up` may have been faster by a moment.
      if (directory.isRunning()) {
        return running();
      }
      throw e;
    }
    return stay(havn, directory, options, output);
  }

  /// Says how the cluster is reached when it is ready, and stays with it until it is stopped.
  static int stay(
      Havn havn, DataDirectoryOption directory, UpOptions options, OutputOption output) {
    Runtime.getRuntime().addShutdownHook(new Thread(havn::close, "shutdown"));
    havn.awaitReady();
    System.out.println(describe(havn.access(), directory, output));
    System.out.flush();
    if (!options.foreground()) {
      releaseLauncher();
    }
    havn.awaitStop();
    return 0;
  }

  /// Somebody has started it: done when it is ready.
  private int running() {
    directory.awaitReady();
    options
        .said(directory.ask("status", JsonNodeFactory.instance.objectNode()), directory.asTyped())
        .forEach(each -> System.err.println("havn: " + each));
    System.out.println(StatusCommand.describe(directory, output.json()));
    return 0;
  }

  private static String describe(
      JsonNode access, DataDirectoryOption directory, OutputOption output) {
    if (output.json()) {
      return new ObjectMapper().valueToTree(access).toPrettyString();
    }
    return """
        Havn is up: Kubernetes %s at %s, ready in %d ms.
          kubeconfig  %s (context %s)
          data        %s
          nodes       %d, runtime %s
        Next:
          kubectl get nodes
          ./havn status | logs | down%s\
        """
        .formatted(
            access.path("version").asText(),
            access.path("server").asText(),
            access.path("readyMilliseconds").asLong(),
            access.path("kubeconfig").asText(),
            access.path("context").asText(),
            access.path("dataDirectory").asText(),
            access.path("nodes").asInt(),
            access.path("runtime").asText(),
            directory.asTyped());
  }

  /// The launcher reads standard output until it ends: closing it lets its command return.
  static void releaseLauncher() {
    if (System.getenv("HAVN_DETACHED") != null) {
      System.out.println("havn-exit 0");
    }
    System.out.close();
    System.err.close();
  }
}
