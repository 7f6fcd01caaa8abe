// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import java.util.regex.Pattern;

/// Rules of volumes that iSCSI brings (RFC 3720, names of RFC 3721).
final class IscsiRules {
  private static final long LUN_MAX = 255;
  private static final Pattern QUALIFIED =
      Pattern.compile("iqn\\.[0-9]{4}-[0-9]{2}\\.[a-z0-9.-]+(:.*)?");
  private static final Pattern EXTENDED = Pattern.compile("eui\\.[0-9A-Fa-f]{16}");
  private static final Pattern NETWORK = Pattern.compile("naa\\.[0-9A-Fa-f]{32}");

  private IscsiRules() {}

  static void check(At source) {
    source.at("targetPortal").needs();
    At name = source.at("iqn");
    if (name.needs()) {
      qualified(name);
    }
    At lun = source.at("lun");
    if (lun.number() < 0 || lun.number() > LUN_MAX) {
      lun.invalid("must be between 0 and 255, inclusive");
    }
    boolean secret = source.at("chapAuthDiscovery").flag() || source.at("chapAuthSession").flag();
    if (secret && !source.at("secretRef").isThere()) {
      source.at("secretRef").required("");
    }
    At initiator = source.at("initiatorName");
    if (initiator.isThere()) {
      qualified(initiator.named(source.path() + ".initiatorname"));
    }
  }

  private static void qualified(At name) {
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
    if (!known) {
      name.invalidText("must be valid format starting with iqn, eui, or naa");
    } else if (!right) {
      name.invalidText("must be valid format");
    }
  }
}
