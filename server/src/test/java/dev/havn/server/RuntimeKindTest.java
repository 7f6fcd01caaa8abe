// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.havn.node.runtime.OciProgram;
import dev.havn.server.Configuration.RuntimeChoice;
import org.junit.jupiter.api.Test;

class RuntimeKindTest {
  @Test
  void crunStandsInThePlaceOfRuncAndFindsWhatThatHasMade() {
    assertThat(RuntimeKind.CRUN.folder()).isEqualTo(RuntimeKind.RUNC.folder());
    assertThat(RuntimeKind.CRUN.program()).isEqualTo(OciProgram.CRUN);
    assertThat(RuntimeKind.RUNC.program()).isEqualTo(OciProgram.RUNC);
    assertThat(RuntimeKind.CRUN.hasNetwork()).isTrue();
    assertThat(RuntimeKind.PROCESS.isOci()).isFalse();
  }

  @Test
  void theBestIsRuncAndThenCrun() {
    RuntimeKind best = RuntimeKind.choose(RuntimeChoice.AUTO);
    boolean runc = RuntimeKind.RUNC.missing().isEmpty();
    boolean crun = RuntimeKind.CRUN.missing().isEmpty();
    assertThat(best == RuntimeKind.RUNC).isEqualTo(runc);
    assertThat(best == RuntimeKind.CRUN).isEqualTo(crun && !runc);
  }

  @Test
  void whatIsAskedForAndCannotBeIsSaid() {
    assumeFalse(RuntimeKind.CRUN.missing().isEmpty(), "crun can run here");
    assertThatThrownBy(() -> RuntimeKind.choose(RuntimeChoice.CRUN))
        .isInstanceOf(StartException.class)
        .hasMessageStartingWith("runtime crun needs " + RuntimeKind.CRUN.missing().getFirst())
        .hasMessageEndingWith("apt-get install crun conmon iproute2, and run as root");
  }
}
