// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.apiserver.certificates.Authority;
import dev.havn.apiserver.certificates.Pem;
import dev.havn.apiserver.certificates.SelfSigned;
import dev.havn.reconcile.VirtualTime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FollowedIdentityTest {
  private static final Duration MINUTE = Duration.ofMinutes(1);

  @TempDir private Path folder;
  private final VirtualTime time = new VirtualTime(Instant.parse("2026-01-01T00:00:00Z"));
  private final List<X509Certificate> shown = new ArrayList<>();

  private Authority.Identity made(String name) throws IOException {
    return SelfSigned.server(name, List.of(name), List.of(), time.instant(), new SecureRandom());
  }

  private Path write(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  private Path certificate(Authority.Identity identity) throws IOException {
    return write("a.crt", Pem.of(identity.certificate()));
  }

  /// In the form of old.
  private Path key(Authority.Identity identity) throws IOException {
    return write("a.key", Pem.of(identity.keys()));
  }

  @Test
  void whatTheFilesHoldIsShownWithinAMinuteAndOnlyWhatIsOfUse() throws IOException {
    Authority.Identity first = made("first");
    Authority.Identity second = made("second");
    ServingFiles files = Objects.requireNonNull(ServingFiles.of(certificate(first), key(first)));
    FollowedIdentity followed = new FollowedIdentity(files, List.of(), time);
    assertThat(followed.first().chain()).containsExactly(first.certificate());
    followed.keep(identity -> shown.add(identity.chain().getFirst()));
    time.advance(MINUTE.multipliedBy(3));
    assertThat(shown).as("nothing has changed").isEmpty();

    certificate(second);
    time.advance(MINUTE);
    assertThat(shown).as("with the key of the first").isEmpty();
    key(second);
    time.advance(MINUTE);
    assertThat(shown).containsExactly(second.certificate());

    Files.delete(folder.resolve("a.key"));
    time.advance(MINUTE);
    key(first);
    certificate(first);
    time.advance(MINUTE);
    assertThat(shown).containsExactly(second.certificate(), first.certificate());
  }

  @Test
  void aFileOfAnySizeIsNotRead() throws IOException {
    Authority.Identity first = made("first");
    Path large = write("long.crt", "x".repeat((256 << 10) + 1));
    ServingFiles files = Objects.requireNonNull(ServingFiles.of(large, key(first)));
    assertThatThrownBy(files::contents)
        .hasMessage("--tls-cert-file " + large + " is longer than 256 KiB");
  }
}
