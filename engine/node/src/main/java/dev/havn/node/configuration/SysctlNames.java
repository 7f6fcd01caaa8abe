// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.configuration;

import java.util.Set;

/// Names of kernel parameters, and what Kubernetes knows of the namespaces that they belong to.
public final class SysctlNames {
  /// How Kubernetes calls the namespaces.
  public static final String NETWORK = "Net";

  private static final String IPC = "IPC";

  /// The bare ones are no parameters: all that begin so are meant by them and a `*`.
  private static final Set<String> OF_IPC =
      Set.of(
          "kernel.sem",
          "kernel.shm",
          "kernel.shmall",
          "kernel.shmmax",
          "kernel.shmmni",
          "kernel.shm_rmid_forced",
          "kernel.msg",
          "kernel.msgmax",
          "kernel.msgmnb",
          "kernel.msgmni");

  private SysctlNames() {}

  /// The namespace that a parameter belongs to; empty when it is the whole machine's.
  ///
  /// @param name with dots; what stands before a `*` for all that begin so
  public static String namespace(String name) {
    if (name.startsWith("net.")) {
      return NETWORK;
    }
    return OF_IPC.contains(name) || name.startsWith("fs.mqueue.") ? IPC : "";
  }

  /// A name with dots for one whose parts are divided by slashes; there a dot stands for itself, as
  /// in `net/ipv4/conf/eth0.1/forwarding`, where it becomes a slash.
  public static String dotted(String name) {
    int slash = name.indexOf('/');
    int dot = name.indexOf('.');
    if (slash < 0 || (dot >= 0 && dot < slash)) {
      return name;
    }
    StringBuilder text = new StringBuilder();
    name.chars().forEach(each -> text.append(each == '/' ? '.' : each == '.' ? '/' : (char) each));
    return text.toString();
  }
}
