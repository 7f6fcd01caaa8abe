// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.addresses.AddressFamily;
import java.util.Optional;
import java.util.OptionalInt;

/// The largest packet on the links of pods: the one that is named, else the one that needs no
/// fragments on its way. That is what the link by which the machine's packets leave takes, or,
/// where the cluster can have other machines, what is left by the wrapping of packets between them
/// (VXLAN, RFC 7348).
final class PodMtu {
  static final String NAME = "pod-mtu";

  /// Of Ethernet.
  static final int USUAL_BYTES = 1_500;

  /// Linux has no IPv6 on links of less (RFC 8200).
  static final int BYTES_MIN = 1_280;

  static final int BYTES_MAX = 65_535;

  /// What wrapping adds to a packet: an Ethernet, an IP, a UDP and a VXLAN header.
  private static final int WRAPPING_BYTES = 50;

  /// The same by IPv6, whose header is longer.
  private static final int WRAPPING_6_BYTES = 70;

  private PodMtu() {}

  static int of(Configuration configuration) {
    int asked = configuration.network().mtu();
    return asked == 0 ? Math.clamp(fitting(configuration), BYTES_MIN, BYTES_MAX) : asked;
  }

  private static int fitting(Configuration configuration) {
    Optional<String> host = HostAddress.of(configuration);
    boolean wraps = configuration.network().plugins() == null;
    OptionalInt own = host.map(HostAddress::mtu).orElseGet(HostAddress::outwardMtu);
    return own.orElse(USUAL_BYTES) - host.filter(_ -> wraps).map(PodMtu::wrapping).orElse(0);
  }

  private static int wrapping(String host) {
    return AddressFamily.of(host) == AddressFamily.IPV4 ? WRAPPING_BYTES : WRAPPING_6_BYTES;
  }

  /// What a server tells a machine that joins, 0 for the one that fits; servers before this one say
  /// nothing.
  static int said(String text) {
    int number = text.matches("[0-9]{1,5}") ? Integer.parseInt(text) : 0;
    return number < BYTES_MIN || number > BYTES_MAX ? 0 : number;
  }
}
