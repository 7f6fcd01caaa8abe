// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.credential.Credential;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageAccessTest {
  private static final String ID = "1".repeat(64);

  @TempDir private Path folder;
  private ImageAccess access;

  @BeforeEach
  void open() {
    access = new ImageAccess(folder);
  }

  private boolean isOpen(String repository) {
    return new ImageAccess(folder).isOpen(ID, repository, List.of());
  }

  @Test
  void anImageIsClosedFromBeforeItIsHereUntilItIsGranted() throws IOException {
    access.expect(ID, List.of());
    assertThat(isOpen("r.test/a")).isFalse();
    access.keep(List::of);
    assertThat(isOpen("r.test/a")).as("on its way").isFalse();
    assertThat(Files.getPosixFilePermissions(folder.resolve(ID + ".json")))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    access.grant(ID, "r.test/a", Optional.empty());
    assertThat(isOpen("r.test/a")).isTrue();
    assertThat(isOpen("r.test/b")).isFalse();
    access.keep(List::of);
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void anImageThatWasLoadedStaysOpenWhoeverPullsItToo() {
    assertThat(isOpen("r.test/a")).isTrue();
    access.expect(ID, List.of(ID));
    access.grant(ID, "r.test/a", Optional.empty());
    assertThat(isOpen("r.test/b")).isTrue();
  }

  @Test
  void anImageThatIsLoadedAfterItWasPulledIsOpened() {
    access.expect(ID, List.of());
    access.preloaded(ID);
    assertThat(isOpen("r.test/b")).isTrue();
  }

  @Test
  void aSecretIsKnownAgainByItsContentAndItsRecordTellsNothing() throws IOException {
    Credential one = new Credential("u", "p", "", new Credential.Source("n", "one", "1"));
    Credential two = new Credential("u", "p", "", new Credential.Source("n", "two", "2"));
    Credential other = new Credential("u", "q", "", new Credential.Source("n", "other", "3"));
    access.expect(ID, List.of());
    access.grant(ID, "r.test/a", Optional.of(one));
    assertThat(access.isOpen(ID, "r.test/a", List.of(two))).isTrue();
    assertThat(access.isOpen(ID, "r.test/a", List.of(other))).isFalse();
    assertThat(Files.readString(folder.resolve(ID + ".json"))).doesNotContain(one.hash());
    Files.writeString(
        folder.resolve(ID + ".json"),
        "{\"r.test/a\":{\"secrets\":[{\"uid\":\"9\",\"hash\":\"%s\"}]}}".formatted(one.hash()));
    assertThat(access.isOpen(ID, "r.test/a", List.of(two))).as("of an older version").isTrue();
  }

  @Test
  void whatCannotBeReadIsClosed() throws IOException {
    for (String each : List.of("", "{", "[]")) {
      Files.writeString(folder.resolve(ID + ".json"), each);
      assertThat(isOpen("r.test/a")).as(each).isFalse();
    }
  }
}
