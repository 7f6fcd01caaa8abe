// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

import java.io.InputStream;
import java.io.OutputStream;

/// The bytes of a connection after an upgrade. Both streams block and are closed by [#close()].
public interface ByteDuplex extends AutoCloseable {
  InputStream in();

  OutputStream out();

  @Override
  void close();
}
