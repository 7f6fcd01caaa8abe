// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// How links of pods speak IPv6, told to the kernel before they come up: nobody behind one is
/// believed who says where routers are, and where pods have no addresses of IPv6 they have no way
/// around what holds for those of IPv4 either.
final class LinkSettings {
  private static final Path FOLDER = Path.of("/proc/sys/net/ipv6/conf");

  private LinkSettings() {}

  /// Of the machine's own link to its pods.
  ///
  /// @param speaks whether it has an address of IPv6
  static void bridge(String link, boolean speaks) throws IOException {
    Path settings = FOLDER.resolve(link);
    if (!Files.isDirectory(settings)) {
      if (speaks) {
        throw new IOException("this machine has no IPv6: name ranges of IPv4 only");
      }
      return;
    }
    for (String name : new String[] {"accept_ra", "autoconf", "accept_redirects"}) {
      Files.writeString(settings.resolve(name), "0");
    }
    Files.writeString(settings.resolve("disable_ipv6"), speaks ? "0" : "1");
  }

  /// Of a pod's link at the machine's end, where only the bridge speaks.
  static void port(String link) throws IOException {
    bridge(link, false);
  }

  /// What a shell in a pod's network namespace has to run. The loopback keeps its address: programs
  /// that listen at all addresses of both families begin as anywhere.
  static String inPod(boolean speaks) {
    String off = speaks ? "echo 0 > /proc/sys/net/ipv6/conf/lo/disable_ipv6; " : "";
    return "set -e; if [ -d %1$s ]; then %2$sfor i in default eth0; do for name in accept_ra autoconf accept_redirects; do echo 0 > %1$s/$i/$name; done; echo %3$s > %1$s/$i/disable_ipv6; done; fi; "
        .formatted(FOLDER, off, speaks ? "0" : "1");
  }
}
