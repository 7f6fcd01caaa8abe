// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.extender;

import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What `extenders` of kube-scheduler's configuration file says of one. A verb is what is added to
/// the URL for a kind of question; empty for one that is not to be asked.
///
/// @param weight its scores are multiplied by
/// @param insecure whether its certificate is not looked at
/// @param within how long an answer may take, from the connection to its last byte
/// @param knowsNodes whether names of nodes are enough for it
/// @param managed the extended resources whose pods are its business; empty for all pods
/// @param ignorable whether pods are placed without it while it fails
public record ExtenderSettings(
    String url,
    Verbs verbs,
    long weight,
    boolean insecure,
    Identity identity,
    Duration within,
    boolean knowsNodes,
    Set<String> managed,
    boolean ignorable) {

  public record Verbs(String filter, String prioritize, String preempt, String bind) {}

  /// Who is believed to be the extender, and who asks. Data are PEM in base64 and go before files.
  public record Identity(Pem authority, Pem certificate, Pem key) {
    public static final Identity NONE = new Identity(Pem.NONE, Pem.NONE, Pem.NONE);
  }

  public record Pem(@Nullable String data, @Nullable String file) {
    public static final Pem NONE = new Pem(null, null);

    public boolean isGiven() {
      return data != null || file != null;
    }
  }
}
