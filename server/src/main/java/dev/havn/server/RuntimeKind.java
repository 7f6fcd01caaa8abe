// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.node.kernel.Program;
import dev.havn.node.runtime.CriRuntime;
import dev.havn.node.runtime.OciProgram;
import dev.havn.node.runtime.ProcessRuntime;
import dev.havn.server.Configuration.RuntimeChoice;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/// The container runtimes there are.
enum RuntimeKind {
  SIMULATED("simulated"),
  PROCESS("processes"),
  RUNC("runtime"),
  /// in the place of runc, over the same folder: one takes over what the other has made
  CRUN("runtime"),
  CONTAINERD("containerd");

  private final String folder;

  /// @param folder of a node's folder
  RuntimeKind(String folder) {
    this.folder = folder;
  }

  String folder() {
    return folder;
  }

  /// The runtime that is asked for, or the best that this machine can do.
  ///
  /// @throws StartException when it cannot do what is asked for
  static RuntimeKind choose(RuntimeChoice choice) {
    return switch (choice) {
      case SIMULATED -> SIMULATED;
      case PROCESS -> PROCESS.must();
      case RUNC -> RUNC.must();
      case CRUN -> CRUN.must();
      case CONTAINERD -> CONTAINERD.must();
      case AUTO ->
          Stream.of(RUNC, CRUN, PROCESS)
              .filter(each -> each.missing().isEmpty())
              .findFirst()
              .orElse(SIMULATED);
    };
  }

  private RuntimeKind must() {
    List<String> missing = missing();
    if (missing.isEmpty()) {
      return this;
    }
    String name = name().toLowerCase(Locale.ROOT);
    throw new StartException(
        "runtime " + name + " needs " + String.join(", ", missing) + ": " + remedy());
  }

  private String remedy() {
    return switch (this) {
      case RUNC -> "apt-get install runc conmon iproute2, and run as root";
      case CRUN -> "apt-get install crun conmon iproute2, and run as root";
      case CONTAINERD -> "apt-get install containerd iproute2, and run as root";
      case PROCESS ->
          "apt-get install util-linux, and run as root or where user namespaces are allowed";
      case SIMULATED -> "nothing";
    };
  }

  /// What stands in the way of this runtime.
  List<String> missing() {
    List<String> missing = new ArrayList<>();
    switch (this) {
      case RUNC, CRUN -> {
        if (!isRoot()) {
          missing.add("root");
        }
        missing.addAll(program().missing());
      }
      case CONTAINERD -> {
        if (!isRoot()) {
          missing.add("root");
        }
        missing.addAll(Program.missing(CriRuntime.PROGRAMS));
      }
      case PROCESS -> {
        missing.addAll(Program.missing(ProcessRuntime.PROGRAMS));
        if (missing.isEmpty()) {
          String refusal = ProcessRuntime.refusal(!isRoot());
          if (!refusal.isEmpty()) {
            missing.add("namespaces (" + refusal + ")");
          }
        }
      }
      case SIMULATED -> {
        return missing;
      }
    }
    return missing;
  }

  /// Whether pods have a network of their own.
  boolean hasNetwork() {
    return isOci() || this == CONTAINERD;
  }

  /// Whether Havn itself has containers made by a program.
  boolean isOci() {
    return this == RUNC || this == CRUN;
  }

  /// That makes the containers, of a kind that has one.
  OciProgram program() {
    return this == CRUN ? OciProgram.CRUN : OciProgram.RUNC;
  }

  static boolean isRoot() {
    return "root".equals(System.getProperty("user.name"));
  }

  /// What a user should know of pods that run this way.
  ///
  /// @param asked whether the user wanted it so
  List<String> problems(boolean asked) {
    List<String> problems = new ArrayList<>();
    if (this == PROCESS) {
      problems.add(
          "pods run as processes on this machine's network: their ports can collide, limits and"
              + " hardening are not enforced"
              + (isRoot() ? "" : ", and all of a container's users are yours"));
    }
    if (!asked && this == SIMULATED) {
      problems.add(
          "pods are simulated; processes need "
              + String.join(", ", PROCESS.missing())
              + " ("
              + PROCESS.remedy()
              + ")");
    }
    if (!asked && !hasNetwork()) {
      problems.add(
          "containers with a network and limits of their own need "
              + String.join(", ", RUNC.missing())
              + " ("
              + RUNC.remedy()
              + ")");
    }
    return problems;
  }
}
