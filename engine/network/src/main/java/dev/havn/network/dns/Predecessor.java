// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.dns;

import java.io.IOException;

/// The server before this one, whose name server answers until that of this one does.
public interface Predecessor {
  /// There is none, or none that answers.
  Predecessor NONE =
      new Predecessor() {
        @Override
        public int letIn() {
          return 0;
        }

        @Override
        public void relieve() {}
      };

  /// Asks it to let somebody else listen where it does.
  ///
  /// @return the port at which it listens, 0 when there is none
  /// @throws IOException when it does not answer
  int letIn() throws IOException;

  /// Tells it that somebody else listens.
  void relieve();
}
