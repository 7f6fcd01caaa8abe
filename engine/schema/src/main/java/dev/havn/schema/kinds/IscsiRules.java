// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Rules of volumes that iSCSI brings (RFC 3720, names of RFC 3721).
final class IscsiRules {
  private static final long LUN_MAX = 255;
  private static final int INITIATOR_BYTES_MAX = 64;
  private static final Pattern QUALIFIED =
      Pattern.compile("iqn\\.[0-9]{4}-[0-9]{2}\\.[a-z0-9.-]+(:.*)?");
  private static final Pattern EXTENDED = Pattern.compile("eui\\.[0-9A-Fa-f]{16}");
  private static final Pattern NETWORK = Pattern.compile("naa\\.[0-9A-Fa-f]{32}");

  private IscsiRules() {}

  /// Of a pod's volume.
  static void check(At source) {
    check(source, null);
  }

  /// @param volume the name of the persistent volume, null for one of a pod
  static void check(At source, @Nullable String volume) {
    At portal = source.at("targetPortal");
    At initiator = source.at("initiatorName");
    boolean known = volume != null;
    portal.needs();
    if (known
        && initiator.isThere()
        && (volume + ":" + portal.text()).length() > INITIATOR_BYTES_MAX) {
      portal
          .named(source.path() + ".targetportal")
          .invalidText(
              "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.");
    }
    At name = source.at("iqn");
    if (name.needs()) {
      qualified(name, known);
    }
    At lun = source.at("lun");
    if (lun.number() < 0 || lun.number() > LUN_MAX) {
      lun.invalid("must be between 0 and 255, inclusive");
    }
    At secret = source.at("secretRef");
    boolean authenticates =
        source.at("chapAuthDiscovery").flag() || source.at("chapAuthSession").flag();
    if (authenticates && !secret.isThere()) {
      secret.required("");
    }
    if (known && secret.isThere()) {
      secret.at("name").needs();
    }
    if (initiator.isThere()) {
      qualified(initiator.named(source.path() + ".initiatorname"), known);
    }
  }

  /// @param brief whether the refusal of another scheme leaves out which there are
  private static void qualified(At name, boolean brief) {
    String text = name.text();
    boolean known = true;
    boolean right = true;
    if (text.startsWith("iqn")) {
      right = QUALIFIED.matcher(text).matches();
    } else if (text.startsWith("eui")) {
      right = EXTENDED.matcher(text).matches();
    } else if (text.startsWith("naa")) {
      right = NETWORK.matcher(text).matches();
    } else {
      known = false;
    }
    if (!known && !brief) {
      name.invalidText("must be valid format starting with iqn, eui, or naa");
    } else if (!known || !right) {
      name.invalidText("must be valid format");
    }
  }
}
